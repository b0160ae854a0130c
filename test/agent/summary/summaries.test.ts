import { afterEach, expect, it } from "vitest";

import { Summaries, type Summary } from "../../../agent/summary/summaries.ts";
import type { Tracked } from "../../../agent/window/tracked.ts";
import { Window } from "../../../agent/window/window.ts";
import { allMetrics, columnOf } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import { Ring } from "../../../wire/ring.ts";

const START = Date.parse("2026-11-21T00:00:00Z");
const PAGE = 4096;

let summaries: Summaries;

afterEach(() => summaries.close());

/** A window with one cgroup, whose use is told second by second. */
function windowOf(seconds: number): {
  pass: (millicores: number) => void;
  summary: () => Summary;
} {
  const window = new Window(seconds, seconds * 1000);
  summaries = new Summaries(window);
  const ring = new Ring(window.capacity, allMetrics.length);
  const tracked = { ring, cgroup: { id: "/a" }, close() {} } as unknown as Tracked;
  window.add(tracked);
  const row = new Float64Array(allMetrics.length).fill(Number.NaN);
  row[columnOf(cpuMetrics.usage)] = 0;
  let time = START;
  return {
    pass(millicores) {
      const tick = window.beginPass();
      row[columnOf(cpuMetrics.usage)]! += millicores * 1e6;
      row[columnOf(memoryMetrics.workingSet)] = millicores * PAGE;
      ring.push(tick, time, time === START ? Number.NaN : 1000, row);
      window.endPass(tick, time, time - START);
      time += 1000;
    },
    summary: () => summaries.of(tracked),
  };
}

it("has the last minute sample by sample", () => {
  const { pass, summary } = windowOf(60);
  for (let second = 0; second <= 60; second++) pass(second);
  expect(summary()).toMatchObject({
    time: START + 60_000,
    millicores: 60,
    workingSet: 60 * PAGE,
    minute: { seconds: 60, cpu: { mean: 30.5, max: 60, fifty: 30.5, count: 60 } },
  });
});

it("has an hour after an hour, and goes on from there", () => {
  const { pass, summary } = windowOf(60);
  for (let second = 0; second <= 3600; second++) pass(200);
  const { hour, day } = summary();
  expect(hour).toMatchObject({ seconds: 3600, cpu: { mean: 200, max: 200, ninety: 200 } });
  expect(hour.memory.count).toBe(60);
  expect(day.seconds).toBe(3600);
  for (let second = 0; second < 600; second++) pass(400);
  expect(summary().hour).toMatchObject({ seconds: 3600, cpu: { max: 400, fifty: 200, count: 60 } });
  expect(summary().day).toMatchObject({ seconds: 4200, cpu: { count: 70 } });
});

it("does not count a shorter window for whole minutes", () => {
  const { pass, summary } = windowOf(10);
  for (let second = 0; second <= 600; second++) pass(3);
  expect(summary().minute.seconds).toBe(11);
  expect(summary().hour).toMatchObject({ seconds: 110, cpu: { mean: 3, count: 10 } });
});

it("says that nothing is known of one sample", () => {
  const { pass, summary } = windowOf(60);
  pass(5);
  const { minute, millicores } = summary();
  expect(millicores).toBe(Number.NaN);
  expect(minute).toMatchObject({ seconds: 0, cpu: { count: 0 }, memory: { count: 1 } });
});
