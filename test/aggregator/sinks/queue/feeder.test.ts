import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { backOff } from "../../../../aggregator/sinks/queue/back-off.ts";
import { Feeder, type FeederTimes } from "../../../../aggregator/sinks/queue/feeder.ts";
import type { Queue } from "../../../../aggregator/sinks/queue/queue.ts";
import { RefusedParcels } from "../../../../aggregator/sinks/queue/refused.ts";
import { Refused, RetryLater } from "../../../../aggregator/sinks/sink.ts";
import { until } from "../../../testbed/wait.ts";
import { FakeSink } from "../fake-sink.ts";
import { openQueueBench, parcelOf, type QueueBench } from "./bench.ts";

const QUICK: FeederTimes = { timeout: 20_000, wait: { least: 1, most: 5 }, farewell: 50 };

let bench: QueueBench;
let queue: Queue;
let sink: FakeSink;
let refused: RefusedParcels;
let feeders: Feeder[];
let logged: { msg: string; cause?: string }[];

beforeEach(async () => {
  bench = await openQueueBench();
  queue = await bench.open();
  sink = new FakeSink();
  feeders = [];
  logged = [];
  const directory = join(bench.directory, "refused");
  const logger = pino({ level: "silent" });
  refused = new RefusedParcels({ directory, now: () => bench.clock.now, logger, maxBytes: 600 });
});
afterEach(async () => {
  await Promise.all(feeders.map((feeder) => feeder.close()));
  await bench.remove();
});

function start(times: Partial<FeederTimes> = {}): Feeder {
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const feeder = new Feeder(sink, { queue, refused, logger, times: { ...QUICK, ...times } });
  feeders.push(feeder);
  return feeder;
}

function fill(from: number, to: number): void {
  for (let number = from; number <= to; number++) queue.append([parcelOf(number)], "");
}

const numbers = (bodies: readonly string[]): number[] =>
  bodies.map((text) => Number.parseInt(text, 10));
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function sent(feeder: Feeder, points: number): Promise<void> {
  await until("all is sent", () => feeder.sentPoints + refused.points === points);
  await until("the queue is empty", () => queue.state().waitingPoints === 0);
}

test("sends what waits in order, joined, and then what comes", async () => {
  fill(1, 20);
  await queue.flush();
  const feeder = start();
  await sent(feeder, 20);
  expect(sink.requests).toEqual([20]);
  fill(21, 22);
  await sent(feeder, 22);
  expect(numbers(sink.taken)).toEqual(range(1, 22));
});

test("tries again what failed, and says so once", async () => {
  let failures = 5;
  sink.answer = () => {
    if (failures-- > 0) throw new Error("no route");
  };
  fill(1, 3);
  const feeder = start();
  await sent(feeder, 3);
  expect(feeder.failures).toBe(5);
  expect(feeder.trouble).toBeUndefined();
  expect(numbers(sink.taken)).toEqual([1, 2, 3]);
  expect(logged.filter(({ cause }) => cause === "no route")).toHaveLength(1);
  expect(logged).toHaveLength(2);
});

test("leaves a store alone for as long as it asks for", async () => {
  const asked: number[] = [];
  sink.answer = () => {
    asked.push(performance.now());
    if (asked.length === 1) throw new RetryLater("slow down", 300);
  };
  fill(1, 1);
  await sent(start(), 1);
  expect(asked[1]! - asked[0]!).toBeGreaterThanOrEqual(299);
});

test("sets aside only what is bad, with the reason, and sends the rest in order", async () => {
  const bad = [3, 4, 11];
  sink.answer = (bodies) => {
    if (numbers(bodies).some((one) => bad.includes(one))) throw new Refused("not like that");
  };
  fill(1, 16);
  await queue.flush();
  const feeder = start();
  await sent(feeder, 16);
  expect(numbers(sink.taken)).toEqual(range(1, 16).filter((one) => !bad.includes(one)));
  expect(refused.points).toBe(3);
  const directory = join(bench.directory, "refused");
  const texts = await Promise.all(
    (await readdir(directory)).toSorted().map((name) => readFile(join(directory, name), "utf8")),
  );
  expect(texts.map((text) => text.split("\n")[1])).toEqual(["3;", "4;", "11;"]);
  expect(JSON.parse(texts[0]!.split("\n")[0]!)).toEqual({
    refused: "2026-01-01T00:00:00.000Z",
    taken: "2026-01-01T00:00:00.000Z",
    points: 1,
    reason: "not like that",
  });
});

test("keeps the newest of what was refused", async () => {
  sink.answer = () => {
    throw new Refused("never");
  };
  fill(1, 40);
  await sent(start(), 40);
  expect(refused.points).toBe(40);
  const names = await readdir(join(bench.directory, "refused"));
  expect(names.length).toBeLessThan(6);
  const bodies = await Promise.all(
    names.map((name) => readFile(join(bench.directory, "refused", name), "utf8")),
  );
  expect(bodies.some((body) => body.endsWith("\n40;"))).toBe(true);
});

test("gives up a request that takes too long, even if the sink does not heed it", async () => {
  sink.answer = () => (sink.requests.length === 1 ? new Promise(() => undefined) : undefined);
  fill(1, 1);
  const feeder = start({ timeout: 100 });
  await until("a failure", () => feeder.failures === 1);
  expect(logged[0]?.cause).toBe("no answer within 0.1 s");
  await sent(feeder, 1);
});

describe("at the end", () => {
  test("what is under way may end, and nothing else is begun", async () => {
    let finish = (): void => undefined;
    sink.answer = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    sink.mostBytes = 1;
    fill(1, 3);
    const feeder = start({ farewell: 20_000 });
    await until("a request", () => sink.requests.length === 1);
    const closed = feeder.close();
    finish();
    await closed;
    expect(numbers(sink.taken)).toEqual([1]);
    expect(queue.state().waitingPoints).toBe(2);
  });

  test("what hangs is left, and waits", async () => {
    let isAborted = false;
    sink.answer = (_, signal) =>
      new Promise(() => {
        signal.addEventListener("abort", () => (isAborted = true));
      });
    fill(1, 3);
    const feeder = start();
    await until("a request", () => sink.requests.length === 1);
    await feeder.close();
    expect(isAborted).toBe(true);
    expect(feeder.failures).toBe(0);
    expect(queue.state().waitingPoints).toBe(3);
  });

  test("nobody waits for the next attempt", async () => {
    sink.answer = () => {
      throw new RetryLater("in an hour", 3_600_000);
    };
    fill(1, 1);
    const feeder = start();
    await until("a failure", () => feeder.failures === 1);
    await feeder.close();
    expect(queue.state().waitingPoints).toBe(1);
  });
});

test("waits twice as long after each failure, half of it by chance", () => {
  const limits = { least: 30, most: 30_000 };
  expect([1, 2, 3].map((failures) => backOff(limits, failures, 1))).toEqual([30, 60, 120]);
  expect(backOff(limits, 1, 0)).toBe(15);
  expect([11, 100, 1e6].map((failures) => backOff(limits, failures, 1))).toEqual([
    30_000, 30_000, 30_000,
  ]);
});
