import { expect, it } from "vitest";

import { createClock, systemClock } from "../../lib/clock.ts";

it("adds the fraction that the wall clock cuts off", () => {
  let wall = 1000;
  let fine = 50;
  const clock = createClock(
    () => wall,
    () => fine,
  );
  fine = 50.4;
  expect(clock.now()).toBeCloseTo(1000.4, 6);
  wall = 1001;
  fine = 51.25;
  expect(clock.now()).toBeCloseTo(1001.25, 6);
});

it("follows a wall clock that is set forward or back", () => {
  let wall = 1000;
  let fine = 0;
  const clock = createClock(
    () => wall,
    () => fine,
  );
  wall = 3_600_000;
  fine = 1;
  expect(clock.now()).toBe(3_600_000);
  wall = 500;
  fine = 2;
  expect(Math.floor(clock.now())).toBe(500);
});

it("never is off the system's time by a millisecond", () => {
  for (let round = 0; round < 1000; round++) {
    const before = Date.now();
    const now = systemClock.now();
    const after = Date.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThan(after + 1);
  }
});

it("has a monotonic side that never goes back", () => {
  const first = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
});
