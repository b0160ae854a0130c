import { expect, test } from "vitest";

import { patience } from "../../lib/patience.ts";
import { until } from "../testbed/wait.ts";

const after = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, milliseconds));

test("is over after its time, unless it was called off", async () => {
  const over: string[] = [];
  patience(40, () => over.push("one"));
  const callOff = patience(40, () => over.push("two"));
  callOff();
  await after(20);
  expect(over).toEqual([]);
  while (over.length === 0) await after(5);
  await after(50);
  expect(over).toEqual(["one"]);
});

test("goes on after the program stood still for longer than that", async () => {
  let isOver = false;
  patience(80, () => {
    isOver = true;
  });
  const end = performance.now() + 160;
  while (performance.now() < end) {
    // The program stands still.
  }
  // A plain timer would be over as soon as anything runs.
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  await until("it to be over", () => isOver);
});
