import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createPoll, type PollPlan, waitAfter } from "../../../aggregator/web/poll.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A plan that writes down what happens. */
function listen(ask: PollPlan<string>["ask"]): { told: string[]; plan: PollPlan<string> } {
  const told: string[] = [];
  return {
    told,
    plan: {
      ask,
      answered: (answer) => told.push(answer),
      failed: (reason) => told.push(`! ${reason}`),
      every: 1000,
      late: 5000,
    },
  };
}

/** Never answers, but gives up when told to, as fetch does. */
const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

test("asks at once and then each second, however long an answer takes", async () => {
  let asked = 0;
  const { told, plan } = listen(async () => {
    asked += 1;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return `answer ${asked}`;
  });
  const poll = createPoll(plan);
  poll.resume();
  await vi.advanceTimersByTimeAsync(2400);
  poll.pause();
  expect(told).toEqual(["answer 1", "answer 2", "answer 3"]);
});

test("never has two questions open", async () => {
  let open = 0;
  let most = 0;
  const { plan } = listen(async () => {
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    open -= 1;
    return "late";
  });
  const poll = createPoll(plan);
  poll.resume();
  poll.resume();
  await vi.advanceTimersByTimeAsync(10_000);
  poll.pause();
  expect(most).toBe(1);
});

test("gives up a question that takes too long, says so, and asks again", async () => {
  const { told, plan } = listen(hang);
  const poll = createPoll(plan);
  poll.resume();
  await vi.advanceTimersByTimeAsync(5000);
  expect(told).toEqual(["! no answer within 5 s"]);
  await vi.advanceTimersByTimeAsync(6000);
  poll.pause();
  expect(told).toHaveLength(2);
});

test("asks less often while it fails, and as before after an answer", async () => {
  const times: number[] = [];
  const { plan } = listen(async () => {
    times.push(Math.round(performance.now() / 1000));
    if (times.length < 4) throw new Error("away");
    return "back";
  });
  const poll = createPoll(plan);
  const began = Math.round(performance.now() / 1000);
  poll.resume();
  await vi.advanceTimersByTimeAsync(9500);
  poll.pause();
  expect(times.map((time) => time - began)).toEqual([0, 1, 3, 7, 8, 9]);
});

test("waits ten seconds at most, but never less than usual", () => {
  expect(waitAfter(0, 1000)).toBe(1000);
  expect(waitAfter(30, 1000)).toBe(10_000);
  expect(waitAfter(1, 5000)).toBe(5000);
});

test("tells nothing after a pause, and goes on after it", async () => {
  const given: AbortSignal[] = [];
  const { told, plan } = listen((signal) => {
    given.push(signal);
    return given.length === 1 ? hang(signal) : Promise.resolve("answer");
  });
  const poll = createPoll(plan);
  poll.resume();
  poll.pause();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(given[0]?.aborted).toBe(true);
  expect(told).toEqual([]);
  poll.resume();
  await vi.advanceTimersByTimeAsync(0);
  poll.pause();
  expect(told).toEqual(["answer"]);
});
