import { describe, expect, it } from "vitest";

import { PerfCounts, scaledCount, scalingRatio } from "../../../agent/collectors/perf-counts.ts";
import type { PerfGroup, PerfReading } from "../../../agent/syscalls/perf-event.ts";

/** What the kernel says of the groups, by the first descriptor. */
type Said = Record<number, Omit<PerfReading, "counts"> & { readonly counts: readonly number[] }>;

function reader(said: Said): (group: PerfGroup, into: PerfReading) => void {
  return ({ descriptors }, into) => {
    const answer = said[descriptors[0]!];
    if (answer === undefined) throw new Error("cannot read");
    into.enabled = answer.enabled;
    into.running = answer.running;
    into.counts.set(answer.counts);
  };
}

function shown(counts: PerfCounts): Record<string, number[]> {
  return Object.fromEntries([...counts.series].map(([key, values]) => [key, [...values]]));
}

const never = (): never => {
  throw new Error("should not fail");
};

const ONE = { group: { descriptors: [1] }, keys: ["a"] };

describe("a count", () => {
  it.each([
    [100, 10, 10, 1, 100],
    [100, 10, 5, 0.5, 200],
    [7, 3, 1, 1 / 3, 21],
    [0, 0, 0, 1, 0],
    [0, 10, 0, 0, Number.NaN],
  ])("of %i in %i ns, %i of them counted", (count, enabled, running, ratio, scaled) => {
    const reading = { enabled, running, counts: Float64Array.of(count) };
    expect(scalingRatio(reading)).toBe(ratio);
    expect(scaledCount(count, scalingRatio(reading))).toBe(scaled);
  });
});

describe("perf counts", () => {
  it("are one series for each CPU, where the keys say so", () => {
    const counts = new PerfCounts(0, [
      { group: { descriptors: [1, 2] }, keys: ["cpu0 a", "cpu0 b"] },
      { group: { descriptors: [3, 4] }, keys: ["cpu1 a", "cpu1 b"] },
    ]);
    expect(counts.descriptors).toBe(4);
    counts.read(
      reader({
        1: { enabled: 10, running: 10, counts: [5, 6] },
        3: { enabled: 10, running: 5, counts: [7, 8] },
      }),
      never,
    );
    expect(shown(counts)).toEqual({
      "cpu0 a": [5, 1, NaN, NaN],
      "cpu0 b": [6, 1, NaN, NaN],
      "cpu1 a": [14, 0.5, NaN, NaN],
      "cpu1 b": [16, 0.5, NaN, NaN],
    });
  });

  it("are summed where the keys are the same, with the lowest ratio", () => {
    const counts = new PerfCounts(2, [
      { group: { descriptors: [1] }, keys: ["a"] },
      { group: { descriptors: [2] }, keys: ["a"] },
    ]);
    counts.read(
      reader({
        1: { enabled: 10, running: 5, counts: [5] },
        2: { enabled: 10, running: 10, counts: [7] },
      }),
      never,
    );
    expect(shown(counts)).toEqual({ a: [NaN, NaN, 17, 0.5] });
  });

  it("never go back, though the estimate does", () => {
    const counts = new PerfCounts(0, [ONE]);
    const values: number[] = [];
    for (const [enabled, running, count] of [
      [300, 100, 100],
      [400, 200, 110],
      [500, 300, 200],
    ] as const) {
      counts.read(reader({ 1: { enabled, running, counts: [count] } }), never);
      values.push(counts.series.get("a")![0]!);
    }
    expect(values).toEqual([300, 300, 333]);
  });

  it("are none while nothing has been counted at all, and their ratio says so", () => {
    const counts = new PerfCounts(0, [ONE]);
    counts.read(reader({ 1: { enabled: 300, running: 0, counts: [0] } }), never);
    expect(shown(counts)).toEqual({ a: [NaN, 0, NaN, NaN] });
  });

  it("stay what they were where they can't be read", () => {
    const counts = new PerfCounts(0, [ONE]);
    let failures = 0;
    counts.read(reader({ 1: { enabled: 10, running: 10, counts: [5] } }), never);
    counts.read(reader({}), () => failures++);
    expect(shown(counts)).toEqual({ a: [5, 1, NaN, NaN] });
    expect(failures).toBe(1);
  });
});
