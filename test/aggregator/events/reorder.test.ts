import { expect, it } from "vitest";

import { type Arrived, Reorder } from "../../../aggregator/events/reorder.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");

function at(node: string, milliseconds: number): Arrived {
  const time = new Date(T0 + milliseconds).toISOString();
  return { event: { time, node, type: "started", details: {} }, moments: undefined };
}

/** A queue that waits 100 ms, and what has come out of it as `node time`. */
function open(): { reorder: Reorder; out: string[] } {
  const out: string[] = [];
  const reorder = new Reorder(100, ({ event }) => {
    out.push(`${event.node} ${Date.parse(event.time) - T0}`);
  });
  return { reorder, out };
}

it("lets events of several nodes go on in the order of their times", () => {
  const { reorder, out } = open();
  reorder.push(at("a", 50), 0);
  reorder.push(at("b", 20), 10);
  reorder.push(at("a", 90), 20);
  reorder.flush(99);
  expect(out).toEqual([]);
  reorder.flush(100);
  expect(out).toEqual(["b 20", "a 50"]);
  reorder.flush(120);
  expect(out).toEqual(["b 20", "a 50", "a 90"]);
  expect(reorder.size).toBe(0);
});

it("keeps each node's own order, whatever its clock does", () => {
  const { reorder, out } = open();
  for (const milliseconds of [1000, 10, 20]) reorder.push(at("a", milliseconds), 0);
  reorder.push(at("b", 15), 0);
  reorder.flush(100);
  expect(out).toEqual(["b 15", "a 1000", "a 10", "a 20"]);
});

it("does not hold what comes late, nor what waits behind it", () => {
  const { reorder, out } = open();
  reorder.push(at("a", 500), 0);
  reorder.flush(100);
  reorder.push(at("b", 100), 110);
  reorder.flush(200);
  expect(out).toEqual(["a 500"]);
  reorder.flush(210);
  expect(out).toEqual(["a 500", "b 100"]);
});

it("holds no more than it may", () => {
  const { reorder, out } = open();
  for (let count = 0; count <= 10_000; count++) reorder.push(at("a", count), 0);
  expect(reorder.size).toBe(0);
  expect(out).toHaveLength(10_001);
});
