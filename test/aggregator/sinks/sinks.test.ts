import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Batch } from "../../../aggregator/model/batch.ts";
import { cursorsOfAll } from "../../../aggregator/model/stored.ts";
import type { SinkSettings } from "../../../aggregator/sinks/settings.ts";
import { Sinks } from "../../../aggregator/sinks/sinks.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import type { NewEvent } from "../../../wire/events/event.ts";
import { until } from "../../testbed/wait.ts";
import { containerOf, stretchOf } from "../fakes/samples.ts";
import { seriesOf } from "./conformance.ts";
import { FakeSink } from "./fake-sink.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const times = { timeout: 20_000, wait: { least: 1, most: 5 }, farewell: 20 };

let directory: string;
let opened: Sinks[];
let logged: { msg: string; directory?: string }[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-sinks-"));
  opened = [];
  logged = [];
});
afterEach(async () => {
  await Promise.all(opened.map((sinks) => sinks.close()));
  await rm(directory, { recursive: true });
});

async function open(...sinks: FakeSink[]): Promise<Sinks> {
  const settings = {
    "cluster.name": "lab",
    "queue.dir": directory,
    "queue.max.bytes": 1e8,
    "queue.max.age": 1e9,
    // Of no kind but this test's own.
  } as SinkSettings;
  const clock = { now: () => T0, monotonic: () => performance.now() };
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const all = await Sinks.open(settings, {
    clock,
    logger,
    folder: directory,
    times,
    kinds: [async () => sinks],
  });
  opened.push(all);
  return all;
}

async function close(sinks: Sinks): Promise<void> {
  opened = opened.filter((one) => one !== sinks);
  await sinks.close();
}

/** A second each of a container of node `n`, as its agent counts them. */
function ticks(from: number, to: number): Batch {
  const all = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const samples = all.map((tick) => [T0 + tick * 1000, 1000, { threads: tick }] as const);
  const stretch = stretchOf("n", containerOf("/c"), samples);
  return [{ ...stretch, ticks: all, until: { run: "run", tick: to } }];
}

const away = (): never => {
  throw new Error("away");
};

function eventAt(second: number): NewEvent {
  const time = new Date(T0 + second * 1000).toISOString();
  return { time, node: "n", type: "agent_started", details: {} };
}

test("each gets the kinds that it takes, in order", async () => {
  const [one, other] = [new FakeSink("one"), new FakeSink("other")];
  other.takes = ["series"];
  const sinks = await open(one, other);
  sinks.take({ kind: "samples", batch: ticks(1, 2) });
  sinks.take(seriesOf("x", [7, 8]));
  sinks.take({ kind: "samples", batch: ticks(3, 3) });
  await until("all is sent", () => one.taken.length === 3 && other.taken.length === 1);
  expect(one.taken).toEqual(["n:1,2\n", "7 8\n", "n:3\n"]);
  expect(other.taken).toEqual(["7 8\n"]);
  expect(sinks.states()).toMatchObject([
    { name: "one", sentPoints: 5, waitingPoints: 0, failures: 0 },
    { name: "other", sentPoints: 2 },
  ]);
  await close(sinks);
  expect(one.isClosed).toBe(true);
});

test("one that hangs delays no other, and what waits for it is there after a restart", async () => {
  const [slow, quick] = [new FakeSink("slow"), new FakeSink("quick")];
  slow.answer = () => new Promise(() => undefined);
  const sinks = await open(slow, quick);
  for (let tick = 1; tick <= 20; tick++) sinks.take({ kind: "samples", batch: ticks(tick, tick) });
  await until("the quick one has all", () => quick.taken.length === 20);
  expect(sinks.states()[0]).toMatchObject({ waitingPoints: 20, sentPoints: 0, oldest: T0 });
  await close(sinks);
  const again = new FakeSink("slow");
  const restarted = await open(again, new FakeSink("quick"));
  await until("the slow one has all", () => again.taken.length === 20);
  expect(again.taken).toEqual(quick.taken);
  expect(restarted.states()[1]).toMatchObject({ waitingPoints: 0, sentPoints: 0 });
});

describe("over a restart", () => {
  test("each knows up to where it has the samples, and takes only what follows", async () => {
    const sinks = await open(new FakeSink("one"));
    sinks.take({ kind: "samples", batch: ticks(1, 5) });
    await close(sinks);
    const [one, added] = [new FakeSink("one"), new FakeSink("added")];
    const restarted = await open(one, added);
    expect(cursorsOfAll(restarted.stored)).toEqual(new Map([["n", { run: "run", tick: 5 }]]));
    await until("what waited is sent", () => restarted.states()[0]?.waitingPoints === 0);
    one.taken.length = 0;
    restarted.take({ kind: "samples", batch: ticks(3, 8) });
    await until("all is sent", () => one.taken.length === 1 && added.taken.length === 1);
    expect(one.taken).toEqual(["n:6,7,8\n"]);
    expect(added.taken).toEqual(["n:3,4,5,6,7,8\n"]);
  });

  test("what a sink still holds back is handed in again", async () => {
    const holding = new FakeSink("one");
    holding.heldSince = () => T0 + 4000;
    const sinks = await open(holding);
    sinks.take({ kind: "samples", batch: ticks(1, 5) });
    sinks.take({ kind: "samples", batch: ticks(6, 9) });
    await close(sinks);
    const restarted = await open(new FakeSink("one"));
    expect(cursorsOfAll(restarted.stored)).toEqual(new Map([["n", { run: "run", tick: 3 }]]));
  });

  test("events that happened meanwhile are handed on, to a new sink only what comes", async () => {
    const log = new Journal<NewEvent>({ startedAt: T0 });
    const before = new FakeSink("one");
    const sinks = await open(before);
    const early = log.append(eventAt(1)).event.id;
    sinks.follow(log);
    const seen = log.append(eventAt(2)).event.id;
    await until("the event is sent", () => before.taken.length === 1);
    expect(before.taken).toEqual([`${seen}\n`]);
    expect(early < seen).toBe(true);
    await close(sinks);
    const missed = [3, 4].map((second) => log.append(eventAt(second)).event.id);
    const [one, added] = [new FakeSink("one"), new FakeSink("added")];
    const restarted = await open(one, added);
    restarted.follow(log);
    const last = log.append(eventAt(5)).event.id;
    await until("all is sent", () => one.taken.join("").includes(last) && added.taken.length > 0);
    expect(one.taken.join(" ").split(/\s+/u).filter(Boolean)).toEqual([...missed, last]);
    expect(added.taken).toEqual([`${last}\n`]);
  });
});

test("what can't be encoded is counted, and hurts nothing else", async () => {
  const sink = new FakeSink("one");
  const encode = sink.encode.bind(sink);
  sink.encode = (delivery) => (delivery.kind === "series" ? away() : encode(delivery));
  const sinks = await open(sink);
  sinks.take(seriesOf("x", [1, 2, 3]));
  sinks.take({ kind: "samples", batch: ticks(1, 1) });
  await until("the sample is sent", () => sink.taken.length === 1);
  expect(sinks.states()[0]).toMatchObject({ droppedPoints: 3, sentPoints: 1 });
});

test("goes on in memory where another program has the folder", async () => {
  const [one, other] = [new FakeSink("one"), new FakeSink("one")];
  one.answer = away;
  other.answer = away;
  await open(one);
  const second = await open(other);
  expect(logged.map(({ msg }) => msg).join()).toMatch(/waits in memory.*set queue.dir/u);
  second.take({ kind: "samples", batch: ticks(1, 1) });
  await until("it is tried", () => second.states()[0]!.failures > 2);
  expect(second.states()[0]).toMatchObject({ waitingPoints: 1, trouble: "away" });
});

test("speaks of queues of sinks that are not configured any more", async () => {
  await close(await open(new FakeSink("one"), new FakeSink("gone")));
  await open(new FakeSink("one"));
  expect(logged).toMatchObject([{ directory: join(directory, "gone") }]);
});
