import { describe, expect, it } from "vitest";

import { UsageHistory } from "../../../agent/summary/history.ts";
import { percentile } from "../../../agent/summary/percentiles.ts";

const PAGE = 4096;

/** A minute of a constant use. */
function minute(
  millicores: number,
  workingSet = millicores * PAGE,
): Parameters<UsageHistory["add"]>[0] {
  const cpu = new Float64Array(60).fill(millicores);
  return { seconds: 60, cpu, memory: new Float64Array(60).fill(workingSet) };
}

/** So many minutes, each with its own use. */
function historyOf(uses: readonly number[]): UsageHistory {
  const history = new UsageHistory();
  for (const use of uses) history.add(minute(use));
  return history;
}

/** Minutes with uses from 1 on, mixed. */
function mixed(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 1 + ((index * 607) % count));
}

describe("what was used in the last hour and day", () => {
  it("is nothing at first", () => {
    const { seconds, cpu } = new UsageHistory().hour();
    expect(seconds).toBe(0);
    expect(cpu.count).toBe(0);
    expect(new UsageHistory().day().memory.count).toBe(0);
  });

  it("is that of the minutes that there are", () => {
    const history = historyOf([10, 20, 30]);
    const expected = { mean: 20, max: 30, fifty: 20, ninety: 30, count: 3 };
    expect(history.hour()).toMatchObject({ seconds: 180, cpu: expected });
    expect(history.day()).toMatchObject({ seconds: 180, cpu: expected });
    expect(history.hour().memory).toMatchObject({ mean: 20 * PAGE, max: 30 * PAGE });
  });

  it("takes of each minute its mean, its greatest value and its 90th percentile", () => {
    const history = new UsageHistory();
    const cpu = Float64Array.from({ length: 60 }, (_, index) => index + 1);
    history.add({ seconds: 60, cpu, memory: new Float64Array(0) });
    const ninety = Math.fround(percentile(cpu, 0.9));
    expect(history.hour().cpu).toEqual({
      mean: 30.5,
      std: 0,
      max: 60,
      fifty: ninety,
      ninety,
      ninetyfive: ninety,
      count: 1,
    });
    expect(history.hour().memory.count).toBe(0);
  });

  it("has the last 60 minutes in the hour, and no more", () => {
    const history = historyOf([...Array.from({ length: 30 }, () => 1000), ...mixed(60)]);
    const { seconds, cpu } = history.hour();
    expect(seconds).toBe(3600);
    expect(cpu).toMatchObject({ mean: 30.5, max: 60, count: 60, fifty: 30.5, ninety: 54.9 });
  });

  it("has the whole day, exact in mean and maximum, within a few minutes of rank in percentiles", () => {
    const uses = mixed(24 * 60);
    const { seconds, cpu } = historyOf(uses).day();
    expect(seconds).toBe(86_400);
    expect(cpu.count).toBe(1440);
    expect(cpu.max).toBe(1440);
    expect(cpu.mean).toBeCloseTo(720.5, 3);
    // A rank of 1440 is a use of 1 more: each hour's 60 are one in 24 of all.
    const sorted = Float64Array.from(uses).toSorted();
    for (const [part, found] of [
      [0.5, cpu.fifty],
      [0.9, cpu.ninety],
      [0.95, cpu.ninetyfive],
    ] as const) {
      expect(Math.abs(found - percentile(sorted, part)), `${part}`).toBeLessThan(72);
    }
  });

  it("forgets what was before the last 24 hours", () => {
    const history = historyOf([
      ...Array.from({ length: 120 }, () => 1_000_000),
      ...Array.from({ length: 24 * 60 }, () => 5),
    ]);
    expect(history.day()).toMatchObject({ seconds: 86_400, cpu: { max: 5, mean: 5, count: 1440 } });
  });

  it("says how much of the time it knows where minutes were not whole", () => {
    const history = new UsageHistory();
    for (let count = 0; count < 120; count++) {
      history.add({ ...minute(4), seconds: 30 });
    }
    expect(history.hour().seconds).toBe(1800);
    expect(history.day().seconds).toBe(3600);
  });

  it("lives with hours of which little is known", () => {
    const history = new UsageHistory();
    const nothing = { seconds: 0, cpu: new Float64Array(0), memory: new Float64Array(0) };
    for (let count = 0; count < 60; count++) history.add(count < 4 ? minute(count + 1) : nothing);
    expect(history.day()).toMatchObject({
      seconds: 240,
      cpu: { mean: 2.5, max: 4, fifty: 2.5, count: 4 },
    });
  });
});
