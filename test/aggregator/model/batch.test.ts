import { expect, test } from "vitest";

import { newerThan, sizeOf } from "../../../aggregator/model/batch.ts";
import { containerOf, everySecond } from "../fakes/samples.ts";

const [a, b, c] = [containerOf("/a"), containerOf("/b"), containerOf("/c")];
const four = [1, 2, 3, 4].map((threads) => ({ threads }));
const batch = [a, b, c].flatMap((container) => everySecond("n", container, 1000, four));

test("a batch knows how many samples it holds", () => {
  expect(sizeOf(batch)).toBe(12);
  expect(sizeOf([])).toBe(0);
});

test("what is stored already is taken out of a batch", () => {
  const stored = new Map([
    ["n", new Map(Object.entries({ "/a": 2000, "/b": 4000 }))],
    ["other", new Map([["/c", 4000]])],
  ]);
  const newer = newerThan(batch, stored, new Map());
  expect(newer.map(({ container, times }) => [container.id, times])).toEqual([
    ["/a", [3000, 4000]],
    ["/c", [1000, 2000, 3000, 4000]],
  ]);
  expect(newer[0]!.rows).toEqual(batch[0]!.rows.slice(2));
  expect(newer[0]!.intervals).toEqual([1000, 1000]);
});

test("of an agent that counts its passes the cursor tells what is stored, whatever the times", () => {
  const counted = batch.map((stretch) => ({ ...stretch, until: { run: "r", tick: 4 } }));
  const times = new Map([["n", new Map([["/a", 9e12]])]]);
  const upTo = (run: string, tick: number) => new Map([["n", { run, tick }]]);
  expect(newerThan(counted, times, upTo("r", 3))).toEqual(counted);
  expect(newerThan(counted, times, upTo("other", 9))).toEqual(counted);
  expect(newerThan(counted, times, upTo("r", 4))).toEqual([]);
});
