import { expect, it } from "vitest";

import { EventLog, type NewEvent } from "../../../agent/events/event-log.ts";

function event(time: number, type = "oom"): NewEvent {
  return { time, type, cgroup: "/a", data: {} };
}

function timesIn(log: EventLog): number[] {
  return log.query().map(({ time }) => time);
}

it("gives ids that sort as events were put down, in this life and from life to life", () => {
  const ids: string[] = [];
  for (const start of [1_795_000_000_000, 1_795_000_000_001, 2_500_000_000_000]) {
    const log = new EventLog(start);
    for (let count = 0; count < 50; count++) ids.push(log.append(event(9 - count)).id);
  }
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(150);
});

it("gives them by their time, the newest few if that is asked for", () => {
  const log = new EventLog(0);
  for (const time of [30, 10, 20]) log.append(event(time));
  expect(timesIn(log)).toEqual([10, 20, 30]);
  expect(log.query({ limit: 2 }).map(({ time }) => time)).toEqual([20, 30]);
  expect(log.query({ start: 20, end: 20 })).toHaveLength(1);
  expect(log.query({ matches: ({ time }) => time > 20 })).toHaveLength(1);
});

it("keeps no more than it may", () => {
  const log = new EventLog(0, { events: 100, milliseconds: 1e9 });
  for (let time = 0; time < 1000; time++) log.append(event(time));
  expect(log.size).toBeLessThanOrEqual(110);
  expect(timesIn(log)).toEqual(Array.from({ length: 100 }, (_, index) => 900 + index));
});

it("keeps nothing longer than it may, whatever came last", () => {
  const log = new EventLog(0, { events: 100, milliseconds: 1000 });
  for (const time of [0, 500, 1400, 3000, 2500, 100]) log.append(event(time));
  expect(timesIn(log)).toEqual([2500, 3000]);
});

it("tells those who have subscribed, until they no longer want to know", () => {
  const log = new EventLog(0);
  const seen: number[] = [];
  const end = log.subscribe(({ time }) => seen.push(time));
  log.append(event(1));
  end();
  log.append(event(2));
  expect(seen).toEqual([1]);
});
