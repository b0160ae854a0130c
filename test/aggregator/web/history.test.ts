import { expect, test } from "vitest";

import type { Answer } from "../../../aggregator/web/api.ts";
import { addAnswer, nextStart } from "../../../aggregator/web/history.ts";
import type { ContainerStats } from "../../../wire/stats/answer.ts";
import { aContainer, aSeries } from "./canned.ts";

const web = { id: "/docker/web", node: "host-1" };

function answer(now: number, ...containers: ContainerStats[]): Answer {
  const time = new Date(now * 1000).toISOString();
  return { node: "harbour", time, interval_seconds: 1, containers };
}

test("the first question is for the whole hour, the next for its end, on a whole step", () => {
  expect(nextStart(undefined)).toBe("-3600s");
  const series = aSeries([9995, 10_003], [1, 2]);
  const history = addAnswer(undefined, answer(10_004, aContainer({ series })), web);
  expect(nextStart(history)).toBe("9880");
});

test("without a sample the whole hour is asked for again", () => {
  const history = addAnswer(undefined, answer(10_000, aContainer()), web);
  expect(history.series.times).toEqual([]);
  expect(nextStart(history)).toBe("-3600s");
});

test("answers add up, and the hour moves on", () => {
  const first = addAnswer(
    undefined,
    answer(10_000, aContainer({ series: aSeries([6400, 9990, 9995], [1, 2, 3]) })),
    web,
  );
  const second = addAnswer(
    first,
    answer(10_005, aContainer({ series: aSeries([9995, 10_000], [4, 5]) })),
    web,
  );
  expect(second.series.times).toEqual([9990, 9995, 10_000]);
  expect(second.now).toBe(10_005);
});

test("of the same cgroup on several nodes the right one is taken", () => {
  const { id } = web;
  const both = answer(10, aContainer({ id }), aContainer({ id, node: "host-2" }));
  expect(addAnswer(undefined, both, { id, node: "host-2" }).container.node).toBe("host-2");
  expect(addAnswer(undefined, both, { id }).container.node).toBe("host-1");
});

test("an answer without the container is an error", () => {
  const other = answer(10, aContainer({ id: "/other", name: web.id }));
  expect(() => addAnswer(undefined, other, web)).toThrow("nothing is kept");
  expect(() => addAnswer(undefined, answer(10), web)).toThrow("nothing is kept");
});
