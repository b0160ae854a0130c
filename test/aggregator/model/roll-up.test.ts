import { describe, expect, test } from "vitest";

import { RollUp } from "../../../aggregator/model/roll-up.ts";
import { newestSecond } from "../../../aggregator/model/seconds.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { allMetrics, allStats } from "../../../wire/metrics/all.ts";
import { Ring } from "../../../wire/ring.ts";
import { rawRow } from "../fakes/samples.ts";

const MEMORY = allStats.filter(({ name }) => name === "memory_usage_bytes");

type Sample = readonly [seconds: number, value: number];

/** A container with samples at these seconds. */
function memberWith(samples: readonly Sample[]): {
  ring: Ring;
  container: { limits: typeof NO_LIMITS };
} {
  const ring = new Ring(61, allMetrics.length);
  let before = Number.NaN;
  for (const [index, [seconds, value]] of samples.entries()) {
    const interval = (seconds - before) * 1000;
    ring.push(index, seconds * 1000, interval, rawRow({ memory_usage_bytes: value }));
    before = seconds;
  }
  return { ring, container: { limits: NO_LIMITS } };
}

/** The sums of some containers by second. */
function sumsOf(...members: (readonly Sample[])[]): [number, number][] {
  const rollUp = new RollUp(MEMORY, { grid: 1000, from: 100, to: 105 });
  for (const samples of members) rollUp.add(memberWith(samples));
  const sums: [number, number][] = [];
  for (const [second, [value]] of rollUp.values()) sums.push([second, value!]);
  return sums;
}

describe("seconds", () => {
  test("a pass that slips over the border of a second leaves no hole", () => {
    expect(
      sumsOf(
        [
          [99.5, 1],
          [100.9, 1],
          [102.05, 2],
          [103, 4],
        ],
        [[102.5, 10]],
      ),
    ).toEqual([
      [100, 1],
      [101, 1],
      [102, 12],
      [103, 4],
    ]);
  });

  test("two samples of one second count as their average by time", () => {
    expect(
      sumsOf([
        [99, 0],
        [100, 0],
        [100.25, 8],
      ]),
    ).toEqual([[100, (8 * 250) / 1250]]);
  });

  test("a silence longer than that is a hole", () => {
    const silent: Sample[] = [
      [100, 1],
      [101, 1],
      [105, 5],
    ];
    expect(sumsOf(silent)).toEqual([
      [100, 1],
      [101, 1],
      [102, 1],
      [105, 5],
    ]);
  });

  test("who is measured every few seconds counts in all of them", () => {
    expect(
      sumsOf([
        [92, 3],
        [98, 3],
        [104, 7],
      ]),
    ).toEqual([
      [100, 3],
      [101, 3],
      [102, 3],
      [103, 3],
      [104, 7],
      [105, 7],
    ]);
  });
});

describe("the newest second", () => {
  const node = { lastTime: 100_400, heard: 101_000, cadence: 15_000, intervalSeconds: 1 };

  test("is one that all have told of to its end", () => {
    expect(newestSecond([node, { ...node, lastTime: 95_000 }], 102_000)).toBe(94);
  });

  test("does not wait for who has missed two turns, nor for who speaks seldom", () => {
    expect(newestSecond([node, { ...node, lastTime: 5000, heard: 6000 }], 102_000)).toBe(99);
    const slow = { ...node, lastTime: 80_000, intervalSeconds: 30 };
    expect(newestSecond([node, slow], 102_000)).toBe(99);
    expect(newestSecond([], 102_000)).toBeUndefined();
  });
});
