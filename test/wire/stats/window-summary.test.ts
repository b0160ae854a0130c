import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { allMetrics, allStats } from "../../../wire/metrics/all.ts";
import { Ring } from "../../../wire/ring.ts";
import { containerStats } from "../../../wire/stats/answer.ts";
import { parseStatsQuery } from "../../../wire/stats/query.ts";
import { SUMMARIES } from "../../../wire/stats/summary.ts";
import { WindowSummary } from "../../../wire/stats/window-summary.ts";

const everything = parseStatsQuery({});

/** Counters that mostly grow or stand still, sometimes begin anew or can't be read. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1_000_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -1) },
);

const sample = fc.record({
  interval: fc.oneof(
    { weight: 9, arbitrary: fc.constant(1000) },
    { weight: 2, arbitrary: fc.double({ min: 0.001, max: 5000, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 0) },
  ),
  steps: fc.array(step, { minLength: 1, maxLength: 7 }),
});

const limits = fc.constantFrom(null, 0, 1000);

function ringWith(
  samples: readonly { interval: number; steps: readonly number[] }[],
  capacity: number,
): Ring {
  const ring = new Ring(capacity, allMetrics.length);
  const row = new Float64Array(allMetrics.length);
  for (const [tick, { interval, steps }] of samples.entries()) {
    for (let column = 0; column < row.length; column++) {
      const grown = steps[column % steps.length]!;
      const before = Number.isNaN(row[column]!) ? 0 : row[column]!;
      row[column] = grown === -1 ? 0 : before + grown;
    }
    ring.push(tick, tick * 1000, interval, row);
  }
  return ring;
}

describe("the summary of a window", () => {
  it("has the very numbers that /stats has", () => {
    const summary = new WindowSummary(allStats);
    const into = new Float64Array(summary.length);
    fc.assert(
      fc.property(
        fc.array(sample, { maxLength: 90 }),
        fc.integer({ min: 1, max: 80 }),
        limits,
        (samples, capacity, most) => {
          const ring = ringWith(samples, capacity);
          const container = {
            id: "/a",
            name: "a",
            labels: {},
            groups: {},
            limits: { cpu_cores: most, memory_bytes: most, pids: most },
          };
          summary.summarize(ring, container.limits, into);
          const { window } = containerStats({ container, ring }, everything);
          for (const [index, { name }] of allStats.entries()) {
            const found = into.subarray(index * 4, index * 4 + 4);
            const expected = SUMMARIES.map((stat) => window[name]?.[stat] ?? Number.NaN);
            // Of zeros the sign is no matter.
            expect([...found].map((value) => value + 0)).toEqual(expected.map((v) => v + 0));
          }
        },
      ),
    );
  });

  it("takes the percentile of a long window, too", () => {
    const summary = new WindowSummary(allStats);
    const into = new Float64Array(summary.length);
    const samples = Array.from({ length: 1000 }, (_, index) => ({
      interval: 1000,
      steps: [(index * 7919) % 1000],
    }));
    const ring = ringWith(samples, 1001);
    const container = {
      id: "/a",
      name: "a",
      labels: {},
      groups: {},
      limits: { cpu_cores: 1, memory_bytes: 1, pids: 1 },
    };
    summary.summarize(ring, container.limits, into);
    const { window } = containerStats({ container, ring }, everything);
    const index = allStats.findIndex(({ name }) => name === "fs_read_bytes_per_second");
    expect(into[index * 4 + 3]).toBe(window["fs_read_bytes_per_second"]!["p95"]);
    expect(into[index * 4 + 3]).toBeGreaterThan(900);
  });
});
