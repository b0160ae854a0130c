import { setImmediate } from "node:timers/promises";

import { expect, it } from "vitest";

import { Turns } from "../../../agent/collectors/turns.ts";

/** Lets so many readers, each of whom takes so long, take their turns; how often each has read. */
async function readings(readers: number, milliseconds: number, passes: number): Promise<number[]> {
  let time = 0;
  const turns = new Turns(() => time);
  const places = Array.from({ length: readers }, () => turns.join());
  const counts = places.map(() => 0);
  for (let pass = 0; pass < passes; pass++) {
    for (const [index, place] of places.entries()) {
      place.take(async () => {
        time += milliseconds;
        counts[index]!++;
      });
    }
    await setImmediate();
  }
  return counts;
}

it("lets everybody read in each pass as long as that costs little", async () => {
  expect(await readings(100, 0.8, 10)).toEqual(Array(100).fill(10));
});

it("lets all read equally often and within the budget where it costs much", async () => {
  const passes = 400;
  const counts = await readings(500, 8, passes);
  const milliseconds = counts.slice(1).reduce((sum, count) => sum + count * 8, 0);
  // The first time all of them read, as it is not known yet what that costs.
  expect((milliseconds - 500 * 8) / passes).toBeLessThanOrEqual(100);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(9);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
});

it("lets one read at a time, and nobody again before he has done", async () => {
  const turns = new Turns(() => 0);
  const [one, other] = [turns.join(), turns.join()];
  const log: string[] = [];
  let finish = (): void => {};
  const slow = (): Promise<void> => {
    log.push("slow");
    return new Promise((resolve) => (finish = resolve));
  };
  const quick = async (): Promise<void> => {
    log.push("quick");
  };
  for (let pass = 0; pass < 3; pass++) {
    one.take(slow);
    other.take(quick);
    await setImmediate();
  }
  one.leave(() => log.push("left"));
  expect(log).toEqual(["slow"]);
  finish();
  await setImmediate();
  expect(log).toEqual(["slow", "quick", "left"]);
});
