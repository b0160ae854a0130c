import { expect, test } from "vitest";

import { Asking } from "../../../../agent/runtimes/docker-api/asking.ts";
import { until } from "../../../testbed/wait.ts";

/** Answers in the next turn, and counts how often each was asked for and told. */
function counted(): {
  readonly asked: Map<string, number>;
  readonly told: string[];
  readonly asking: Asking<string>;
} {
  const asked = new Map<string, number>();
  const told: string[] = [];
  let version = 0;
  const ask = async (id: string): Promise<string> => {
    asked.set(id, (asked.get(id) ?? 0) + 1);
    await new Promise((resolve) => setImmediate(resolve));
    return `${id} ${++version}`;
  };
  return { asked, told, asking: new Asking(ask, (answer) => told.push(answer)) };
}

test("asks for a container a few times however often it changes, and once more afterwards", async () => {
  const { asked, told, asking } = counted();
  for (let change = 0; change < 1000; change++) {
    asking.add("restless");
    // oxlint-disable-next-line no-await-in-loop
    await Promise.resolve();
    // oxlint-disable-next-line no-await-in-loop
    if (change % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // A loaded machine may need more than one turn for a thousand changes.
  expect(asked.get("restless")).toBeLessThan(100);
  const before = asked.get("restless") ?? 0;
  asking.add("restless");
  await until(
    "what has changed since to be asked for",
    () => (asked.get("restless") ?? 0) > before,
  );
  expect(told.length).toBeGreaterThanOrEqual(before);
});

test("does not let one that changes all the time hold up another", async () => {
  const { asked, asking } = counted();
  for (let change = 0; change < 100; change++) {
    asking.add("restless");
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setImmediate(resolve));
  }
  asking.add("calm");
  expect(asked.get("calm")).toBe(1);
});

test("does not ask again for one that has gone", async () => {
  const { asked, asking } = counted();
  for (let change = 0; change < 100; change++) {
    asking.add("brief");
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setImmediate(resolve));
  }
  const before = asked.get("brief");
  asking.forget("brief");
  asking.add("other");
  // Another one that rests as well is asked for when its turn begins, and this one is not.
  for (let change = 0; change < 100; change++) {
    asking.add("other");
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setImmediate(resolve));
  }
  const asks = asked.get("other") ?? 0;
  asking.add("other");
  await until("the next turn", () => (asked.get("other") ?? 0) > asks);
  expect(asked.get("brief")).toBe(before);
});
