import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { paceOf } from "../../../aggregator/scrape/all.ts";
import { delayOf, offsetOf, runSchedule, type Turn } from "../../../aggregator/scrape/schedule.ts";
import { systemClock } from "../../../lib/clock.ts";
import { jobOf, targetOf } from "../fakes/targets.ts";

const turn: Turn = {
  interval: 15_000,
  offset: 4000,
  now: 0,
  failures: 0,
  keeps: 60_000,
  silent: 0,
};

describe("a target's turn", () => {
  test("comes once in each interval, at the target's own place in it", () => {
    expect(delayOf({ ...turn, now: 0 })).toBe(4000);
    expect(delayOf({ ...turn, now: 4000 })).toBe(15_000);
    expect(delayOf({ ...turn, now: 4500 })).toBe(14_500);
    expect(delayOf({ ...turn, now: 18_999 })).toBe(1);
  });

  test("is the same after each start, and spread over targets", () => {
    const offsets = Array.from({ length: 100 }, (_, host) =>
      offsetOf(`http://host-${host}:8180`, 10_000),
    );
    expect(offsetOf("http://host-7:8180", 10_000)).toBe(offsets[7]);
    for (let tenth = 0; tenth < 10; tenth++) {
      const inTenth = offsets.filter((offset) => Math.floor(offset / 1000) === tenth);
      expect(inTenth.length).toBeGreaterThan(0);
    }
  });

  test("comes soon after a failure while the agent still has everything", () => {
    expect(delayOf({ ...turn, failures: 5, silent: 59_000 })).toBe(1000);
    expect(delayOf({ ...turn, interval: 200, failures: 1, silent: 500 })).toBe(200);
  });

  test("comes less and less often after that, but never later than an interval", () => {
    const delays = [1, 2, 3, 4, 5, 1000].map((failures) =>
      delayOf({ ...turn, failures, silent: 70_000 }),
    );
    expect(delays).toEqual([2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  test("of one that keeps nothing is the next one, whatever happened", () => {
    expect(delayOf({ ...turn, keeps: 0, failures: 9, silent: 70_000 })).toBe(4000);
  });

  test("of an agent that has never answered begins with the interval, and pauses half a minute at most", () => {
    const delays = [1, 2, 3, 1000].map((failures) =>
      delayOf({ ...turn, interval: 10_000, failures, silent: undefined }),
    );
    expect(delays).toEqual([10_000, 20_000, 30_000, 30_000]);
    expect(delayOf({ ...turn, interval: 45_000, failures: 7, silent: undefined })).toBe(45_000);
  });

  test("is always ahead", () => {
    fc.assert(
      fc.property(
        fc.record({
          interval: fc.double({ min: 100, max: 45_000, noNaN: true }),
          offset: fc.double({ min: 0, max: 45_000, noNaN: true }),
          now: fc.double({ min: 0, max: 1e10, noNaN: true }),
          failures: fc.nat(),
          keeps: fc.constantFrom(0, 60_000),
          silent: fc.option(fc.nat(), { nil: undefined }),
        }),
        (drawn) => {
          const delay = delayOf(drawn);
          expect(delay).toBeGreaterThan(0);
          const most = drawn.silent === undefined ? 30_000 : 0;
          expect(delay).toBeLessThanOrEqual(Math.max(drawn.interval, most));
        },
      ),
    );
  });
});

test("a schedule asks again and again, and ends with its signal", async () => {
  const stop = new AbortController();
  let asked = 0;
  const ended = runSchedule(
    {
      name: "http://a",
      clock: systemClock,
      pace: () => ({ interval: 5, keeps: 60_000 }),
      ask: async () => {
        if (++asked === 3) stop.abort();
        return asked === 2 ? 1 : 0;
      },
    },
    stop.signal,
  );
  await ended;
  expect(asked).toBe(3);
});

test("what a target turns out to be changes how often it is asked", async () => {
  const target = targetOf("http://a/", jobOf({ kind: undefined, scrapeInterval: 60_000 }));
  expect(paceOf(target, undefined)).toEqual({ interval: 60_000, keeps: 0 });
  expect(paceOf(target, "exposition")).toEqual({ interval: 60_000, keeps: 0 });
  expect(paceOf(target, "agent")).toEqual({ interval: 45_000, keeps: 60_000 });
  // Relabelling may have set it, whatever its job says.
  const known = targetOf("http://a/", jobOf({ kind: "agent", scrapeInterval: 120_000 }));
  expect(paceOf(known, undefined)).toEqual({ interval: 45_000, keeps: 60_000 });
});
