import { expect, it } from "vitest";

import { Pace } from "../../../agent/filesystems/pace.ts";

/** A pace of a thousand entries a second, at a clock that is set by hand. */
function paceAt(time: { now: number }): Pace {
  return new Pace(1000, { now: () => time.now, monotonic: () => time.now });
}

it("lets a tenth of a second's entries pass, after a rest", async () => {
  const time = { now: 0 };
  const pace = paceAt(time);
  time.now = 60_000;
  expect(await pace.pay(100)).toBe(0);
});

it("holds back what comes faster, however it is divided", async () => {
  const time = { now: 0 };
  const pace = paceAt(time);
  let isDone = false;
  const paying = pace.pay(30).then(() => (isDone = true));
  await new Promise(setImmediate);
  expect(isDone).toBe(false);
  await paying;
  const before = performance.now();
  await pace.pay(30);
  // The clock stands still, so the first thirty are still to be paid for.
  expect(performance.now() - before).toBeGreaterThan(50);
});
