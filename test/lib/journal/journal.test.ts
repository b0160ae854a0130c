import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { Journal } from "../../../lib/journal/journal.ts";
import { Segments } from "../../../lib/journal/segments.ts";
import type { NewEvent } from "../../../wire/events/event.ts";
import type { EventLog } from "../../../wire/events/log.ts";

const ALL = {
  start: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
  after: undefined,
  limit: 100_000,
  matches: () => true,
};

function at(seconds: number): NewEvent {
  const time = new Date(seconds * 1000).toISOString();
  return { time, node: "host-1", type: "started", details: {} };
}

async function secondsIn(log: EventLog, wanted = {}): Promise<number[]> {
  const found = await log.query({ ...ALL, ...wanted });
  return found.map(({ event }) => Date.parse(event.time) / 1000);
}

/** Every id that follows one, batch by batch as a reader takes them. */
async function readAll(
  log: EventLog,
  from: string,
  most = 7,
): Promise<{ ids: string[]; gaps: number }> {
  const ids: string[] = [];
  let gaps = 0;
  for (let position = from; ;) {
    // One batch tells where the next begins.
    // oxlint-disable-next-line no-await-in-loop
    const { events, hasGap } = await log.after(position, most);
    if (hasGap) gaps++;
    const last = events.at(-1);
    if (last === undefined) return { ids, gaps };
    ids.push(...events.map(({ event }) => event.id));
    position = last.event.id;
  }
}

it("gives ids that sort as events were put down, in this life and from life to life", () => {
  const ids: string[] = [];
  for (const startedAt of [1_795_000_000_000, 1_795_000_000_001, 2_500_000_000_000]) {
    const log = new Journal<NewEvent>({ startedAt });
    for (let count = 0; count < 50; count++) ids.push(log.append(at(9 - count)).event.id);
  }
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(150);
});

it("answers the newest that are wanted, the oldest first", async () => {
  const log = new Journal<NewEvent>({ startedAt: 0 });
  for (const seconds of [30, 10, 20]) log.append(at(seconds));
  expect(await secondsIn(log)).toEqual([30, 10, 20]);
  expect(await secondsIn(log, { limit: 2 })).toEqual([10, 20]);
  expect(await secondsIn(log, { start: 20_000, end: 20_000 })).toEqual([20]);
  expect(await secondsIn(log, { matches: () => false })).toEqual([]);
});

it("keeps no more in memory than it may, and says what is missing", async () => {
  const log = new Journal<NewEvent>({ startedAt: 0, recent: 100 });
  const ids = Array.from({ length: 1000 }, (_, second) => log.append(at(second)).event.id);
  expect(log.size).toBeLessThanOrEqual(110);
  const { ids: read, gaps } = await readAll(log, ids[0]!);
  expect(read).toEqual(ids.slice(-log.size));
  expect(gaps).toBe(1);
  expect(await readAll(log, ids.at(-3)!)).toEqual({ ids: ids.slice(-2), gaps: 0 });
  expect((await log.after("zzzzzzzzz-0000000", 10)).hasGap).toBe(true);
});

it("tells those who have subscribed, until they no longer want to know", () => {
  const log = new Journal<NewEvent>({ startedAt: 0 });
  const seen: string[] = [];
  const end = log.subscribe(({ event }) => seen.push(event.id));
  const first = log.append(at(1));
  end();
  log.append(at(2));
  expect(seen).toEqual([first.event.id]);
});

describe("on disk", () => {
  let directory: string;
  let segments: Segments;

  async function open(startedAt: number, recent = 20): Promise<EventLog> {
    segments = await Segments.open({
      directory,
      maxEvents: 100_000,
      maxAge: 1e12,
      maxBytes: 1e9,
      segmentBytes: 2000,
      now: () => 0,
      logger: pino({ level: "silent" }),
    });
    return new Journal<NewEvent>({ startedAt, segments, recent });
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "plimsoll-events-"));
  });
  afterEach(async () => {
    await segments.close();
    rmSync(directory, { recursive: true });
  });

  it("is read through its files as if all were in memory", async () => {
    const log = await open(1000);
    const ids = Array.from({ length: 300 }, (_, second) => log.append(at(second)).event.id);
    expect(await readAll(log, "")).toEqual({ ids, gaps: 0 });
    for (const index of [0, 7, 150, 279, 298]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await readAll(log, ids[index]!)).toEqual({ ids: ids.slice(index + 1), gaps: 0 });
    }
    expect(await secondsIn(log)).toEqual(Array.from({ length: 300 }, (_, second) => second));
    expect(await secondsIn(log, { limit: 30 })).toHaveLength(30);
    expect(await secondsIn(log, { after: ids[289] })).toHaveLength(10);
    expect(await secondsIn(log, { start: 5000, end: 7000 })).toEqual([5, 6, 7]);
  });

  it("says where some are missing that the disk was too slow for", async () => {
    const log = await open(1000);
    const first = Array.from({ length: 100 }, (_, second) => log.append(at(second)).event.id);
    await segments.flush();
    // All at once, so that nothing can be written meanwhile.
    const more = Array.from({ length: 25_000 }, (_, second) => log.append(at(second)).event.id);
    await segments.flush();
    const { lost } = segments.state();
    expect(lost).toBeGreaterThanOrEqual(5000);
    const { ids, gaps } = await readAll(log, first[50]!, 500);
    expect(ids).toEqual([...first.slice(51), ...more.slice(lost)]);
    expect(gaps).toBe(1);
  });

  it("goes on after a restart, also with a clock that was set back", async () => {
    const before = await open(2_000_000_000_000);
    const old = [1, 2, 3].map((second) => before.append(at(second)).event.id);
    await segments.close();
    const log = await open(1_000_000_000_000);
    const fresh = log.append(at(4), "moments").event.id;
    expect(fresh > old[2]!).toBe(true);
    expect(await readAll(log, old[0]!)).toEqual({ ids: [old[1], old[2], fresh], gaps: 0 });
    await segments.close();
    const again = await open(3_000_000_000_000);
    expect((await again.query(ALL)).map(({ moments }) => moments)).toEqual([
      undefined,
      undefined,
      undefined,
      "moments",
    ]);
  });
});
