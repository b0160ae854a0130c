import fc from "fast-check";
import { expect, test } from "vitest";

import { Intake } from "../../../aggregator/scrape/intake.ts";
import { until } from "../../testbed/wait.ts";

const never = new AbortController().signal;

test("lets in what there is room for, and the next when there is room again", async () => {
  let free = 100;
  const intake = new Intake(() => free);
  const leave = await intake.enter(80, 60_000, never);
  let entered = 0;
  const waiting = [30, 50].map(async (samples) => {
    const end = await intake.enter(samples, 60_000, never);
    entered++;
    return end;
  });
  await new Promise(setImmediate);
  expect(entered).toBe(0);
  // It has come, and is in the queue.
  free = 20;
  leave(80);
  free = 100;
  await until("both", () => entered === 2);
  for (const end of await Promise.all(waiting)) end(1);
});

test("keeps nobody waiting for longer than it may, nor at the end", async () => {
  const intake = new Intake(() => 0);
  const leave = await intake.enter(10, 20, never);
  leave(10);
  const stop = new AbortController();
  const entering = intake.enter(10, 60_000, stop.signal);
  stop.abort();
  (await entering)(undefined);
});

test("learns from first answers what another first one will bring", async () => {
  let free = 4000;
  const intake = new Intake(() => free);
  for (let count = 0; count < 20; count++) {
    const leave = await intake.enter(undefined, 60_000, never);
    leave(60);
  }
  free = 100;
  const leave = await intake.enter(undefined, 60_000, never);
  leave(undefined);
});

test("never has more under way than there was room for", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 30 }), async (asks) => {
      const capacity = 100;
      let queued = 0;
      const intake = new Intake(() => capacity - queued);
      const drain = setInterval(() => {
        queued = Math.max(0, queued - 40);
      }, 1);
      const ended = asks.map(async (samples) => {
        const leave = await intake.enter(samples, 60_000, never);
        await new Promise(setImmediate);
        leave(samples);
        queued += samples;
        expect(queued).toBeLessThanOrEqual(capacity);
      });
      await Promise.all(ended);
      clearInterval(drain);
    }),
    { numRuns: 10 },
  );
});
