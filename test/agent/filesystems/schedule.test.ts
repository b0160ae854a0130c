import { expect, it } from "vitest";

import { Schedule, SMALL, type Task } from "../../../agent/filesystems/schedule.ts";

const time = { now: 0 };
const clock = { now: () => time.now, monotonic: () => time.now };

function task(): Task {
  return {
    dueAt: 0,
    measuredAt: 0,
    entries: 0,
    failures: 0,
    isStirred: false,
    measure: async () => 0,
    forget: () => {},
  };
}

/** Adds tasks and takes a first result of each, of so many entries. */
function measured(schedule: Schedule, count: number, entries = 10): Task[] {
  const tasks = Array.from({ length: count }, task);
  for (const one of tasks) schedule.add(one);
  time.now += 1000;
  for (let next = schedule.next(false); next !== undefined; next = schedule.next(false)) {
    schedule.done(next, time.now, entries);
    next.isStirred = true;
  }
  return tasks;
}

/** After how many seconds the next one is due. */
function dueAfter(schedule: Schedule): number {
  for (let seconds = 1; seconds < 10_000; seconds++) {
    time.now += 1000;
    if (schedule.waiting > 0) return seconds;
  }
  return Number.NaN;
}

it("measures the costlier the less often", () => {
  const intervals = [10, 1000, 10_000, 1e6].map((entries) => {
    const schedule = new Schedule(clock);
    measured(schedule, 1, entries);
    return dueAfter(schedule);
  });
  expect(intervals).toEqual([10, 20, 200, 1200]);
});

it("measures five a second at most where there are many", () => {
  const schedule = new Schedule(clock);
  measured(schedule, 500);
  expect(dueAfter(schedule)).toBe(100);
});

it("measures after twenty minutes what has not run", () => {
  const schedule = new Schedule(clock);
  const [one] = measured(schedule, 1);
  one!.isStirred = false;
  expect(dueAfter(schedule)).toBe(1200);
});

it("takes what is new first, then what waits longest, and nothing twice at once", () => {
  const schedule = new Schedule(clock);
  const [one] = measured(schedule, 1);
  time.now += 5000;
  const [two] = measured(schedule, 1);
  time.now += 20_000;
  const fresh = task();
  schedule.add(fresh);
  time.now += 1000;
  expect(schedule.next(false)).toBe(fresh);
  expect(schedule.next(false)).toBe(one);
  expect(schedule.next(false)).toBe(two);
  expect(schedule.next(false)).toBeUndefined();
});

it("takes nothing great between, and what turned out to be too great later", () => {
  const schedule = new Schedule(clock);
  const [great] = measured(schedule, 1, SMALL + 1);
  time.now += 3_600_000;
  expect(schedule.next(true)).toBeUndefined();
  expect(schedule.next(false)).toBe(great);
  const fresh = task();
  schedule.add(fresh);
  time.now += 1000;
  expect(schedule.next(true)).toBe(fresh);
  schedule.postpone(fresh);
  expect(schedule.next(true)).toBeUndefined();
  expect(schedule.next(false)).toBe(fresh);
});

it("tells how old the oldest result is of what has run since", () => {
  const schedule = new Schedule(clock);
  const [one, two] = measured(schedule, 2);
  time.now += 7000;
  expect(schedule.oldestSeconds).toBe(7);
  one!.isStirred = false;
  two!.isStirred = false;
  expect(schedule.oldestSeconds).toBe(0);
});
