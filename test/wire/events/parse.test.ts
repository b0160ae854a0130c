import { expect, it } from "vitest";

import { parseEvent } from "../../../wire/events/parse.ts";

const EVENT = {
  id: "0mwqk2wrv-0000003",
  time: "2026-11-21T12:00:00.000Z",
  node: "host-1",
  type: "died",
  container: { name: "web", labels: { a: "b" }, groups: {} },
  details: { exit_code: 1 },
};

it("understands an event", () => {
  expect(parseEvent(JSON.stringify(EVENT))).toEqual(EVENT);
});

it.each<[string, object]>([
  ["an id that would break a line of the log", { id: "a b" }],
  ["an id that is none", { id: 7 }],
  ["a time that is none", { time: "soon" }],
  ["a node that is none", { node: undefined }],
  ["a type of a later version", { type: "exploded" }],
  ["details that are none", { details: [] }],
  ["a container without a name", { container: { labels: {}, groups: {} } }],
  ["labels that are no texts", { container: { name: "web", labels: { a: 1 }, groups: {} } }],
  ["moments that are none", { moments: "x" }],
])("refuses %s", (_, changed) => {
  expect(parseEvent(JSON.stringify({ ...EVENT, ...changed }))).toBeUndefined();
});

it("refuses what is no JSON", () => {
  expect(parseEvent("{")).toBeUndefined();
});
