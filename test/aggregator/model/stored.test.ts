import { expect, test } from "vitest";

import type { Stretch } from "../../../aggregator/model/batch.ts";
import type { Cursor } from "../../../aggregator/model/cursor.ts";
import {
  cursorsOfAll,
  FirstBatches,
  type Stored,
  storedOf,
  timesOfAll,
} from "../../../aggregator/model/stored.ts";
import { containerOf, stretchOf } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const at = (tick: number): number => T0 + tick * 1000;

/** A store that knows of the node `n` only. */
function storeOf(cursor: Cursor | undefined, time: number): Stored {
  const timeOf = (node: string): number | undefined => (node === "n" ? time : undefined);
  return { nodes: new Set(["n"]), cursorOf: () => cursor, timeOf, newestOf: timeOf };
}

/** Samples of the node `n` with their passes. */
function passes(run: string, ticks: readonly number[], id = "/c"): Stretch {
  const stretch = stretchOf(
    "n",
    containerOf(id),
    ticks.map((tick) => [at(tick), 1000, { threads: tick }] as const),
  );
  return { ...stretch, ticks, until: { run, tick: ticks.at(-1) ?? 0 } };
}

const nothing = storedOf(new Map(), new Map());

test("begins where the store that has the least ends", () => {
  const stores = [5, 3, 9].map((tick) => storeOf({ run: "a", tick }, at(tick)));
  expect(cursorsOfAll(stores)).toEqual(new Map([["n", { run: "a", tick: 3 }]]));
});

test("is not held up by a store that knows nothing of a node", () => {
  const store = storeOf({ run: "a", tick: 5 }, at(5));
  expect(cursorsOfAll([nothing, store])).toEqual(new Map([["n", { run: "a", tick: 5 }]]));
  expect(cursorsOfAll([])).toEqual(new Map());
});

test("begins anew where stores know of different lives of an agent, or of none", () => {
  const one = storeOf({ run: "a", tick: 5 }, at(5));
  expect(cursorsOfAll([one, storeOf({ run: "b", tick: 9 }, at(9))]).size).toBe(0);
  expect(cursorsOfAll([one, storeOf(undefined, at(9))]).size).toBe(0);
});

test("is not held up by a store that was away for longer than an agent keeps anything", () => {
  const stores = [storeOf({ run: "a", tick: 5 }, at(5)), storeOf({ run: "b", tick: 9 }, at(900))];
  expect(cursorsOfAll(stores)).toEqual(new Map([["n", { run: "b", tick: 9 }]]));
  const until = new Map([["n", new Map([["/c", at(900)]])]]);
  expect(timesOfAll(until, stores.slice(0, 1))).toEqual(until);
});

test("times are no newer than what every store has", () => {
  const until = new Map([
    ["n", new Map([["/c", at(7)]])],
    ["m", new Map([["/c", at(7)]])],
  ]);
  const times = timesOfAll(until, [storeOf(undefined, at(4)), nothing]);
  expect(times.get("n")?.get("/c")).toBe(at(4));
  expect(times.get("m")?.get("/c")).toBe(at(7));
});

test("of the first batch each store gets what it has not, by the agent's own count", () => {
  const batch = [passes("a", [4, 5, 6, 7]), passes("a", [4, 5], "/ended")];
  const rest = new FirstBatches(storeOf({ run: "a", tick: 5 }, at(5))).rest(batch);
  expect(rest).toHaveLength(1);
  expect(rest[0]).toMatchObject({ ticks: [6, 7], times: [at(6), at(7)], intervals: [1000, 1000] });
  expect(rest[0]?.rows).toEqual(batch[0]?.rows.slice(2));
});

test("all of the second batch is new", () => {
  const first = new FirstBatches(storeOf({ run: "a", tick: 5 }, at(5)));
  expect(first.rest([passes("a", [4, 5])])).toEqual([]);
  const next = [passes("a", [4, 5])];
  expect(first.rest(next)).toBe(next);
});

test("by times where it is another life, unless the clock was set back", () => {
  const known = storeOf({ run: "a", tick: 99 }, at(5));
  const [rest] = new FirstBatches(known).rest([passes("b", [4, 5, 6])]);
  expect(rest?.ticks).toEqual([6]);
  const before = [passes("b", [-9, -8])];
  expect(new FirstBatches(known).rest(before)).toEqual(before);
});

test("a store that knows nothing of a node gets everything", () => {
  const batch = [passes("a", [1, 2])];
  expect(new FirstBatches(nothing).rest(batch)).toBe(batch);
});
