import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DuckDBInstance } from "@duckdb/node-api";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";

import { type DuckdbHistory, openDuckdbHistory } from "../../../aggregator/history/duckdb.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import { Segments } from "../../../lib/journal/segments.ts";
import type { NewEvent } from "../../../wire/events/event.ts";
import type { EventLog } from "../../../wire/events/log.ts";

const logger = pino({ level: "silent" });
const DAY = 86_400_000;
const T0 = Date.parse("2026-01-01T00:00:00Z");

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-history-events-"));
});
afterEach(() => rm(directory, { recursive: true }));

function eventOf(second: number, name = `web-${second}`): NewEvent {
  return {
    source_id: `s-${second}`,
    time: new Date(T0 + second * 1000).toISOString(),
    node: "host-1",
    type: "died",
    container: { name, container_id: `c${second}`, labels: { "a'b": '"x"' }, groups: {} },
    details: { exit_code: 137 },
  };
}

const open = (now = T0): Promise<DuckdbHistory> =>
  openDuckdbHistory({ directory, logger, retention: 7 * DAY, now: () => now });

/** Opens a log on disk; `startedAt` is what its ids begin with. */
async function openLog(startedAt: number): Promise<{ log: EventLog; segments: Segments }> {
  const limits = { maxEvents: 1e6, maxAge: 1e12, maxBytes: 1e9 };
  const options = { directory: join(directory, "log"), ...limits, now: () => T0, logger };
  const segments = await Segments.open(options);
  return { log: new Journal({ startedAt, segments, recent: 100 }), segments };
}

/** Asks the file itself, as anybody may who has it. */
async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(join(directory, "history.duckdb"));
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

test("events stand in the history's file, for everybody's SQL", async () => {
  const history = await open();
  const { log, segments } = await openLog(1);
  history.keepEvents(log);
  const { event } = log.append(eventOf(5));
  log.append({ ...eventOf(6), type: "node_up", container: undefined } as unknown as NewEvent);
  await history.close();
  await segments.close();
  expect(await query("SELECT * EXCLUDE event FROM events ORDER BY id LIMIT 1")).toEqual([
    [event.id, "2026-01-01 00:00:05", "host-1", "died", "web-5", "c5", "s-5"],
  ]);
  const sql = `SELECT json_extract(event, '$.details.exit_code'), event::JSON->>'$.container.labels."a''b"' FROM events WHERE type = 'died'`;
  expect(await query(sql)).toEqual([["137", '"x"']]);
});

test("each event once, in order, over restarts of either, also what happened meanwhile", async () => {
  let { log, segments } = await openLog(1);
  for (let second = 0; second < 2500; second++) log.append(eventOf(second));
  for (let life = 0; life < 3; life++) {
    const history = await open();
    history.keepEvents(log);
    log.append(eventOf(10_000 + life));
    await history.flush();
    log.append(eventOf(20_000 + life));
    await history.close();
    log.append(eventOf(30_000 + life));
    await segments.close();
    ({ log, segments } = await openLog(2 + life));
  }
  const history = await open();
  history.keepEvents(log);
  await history.close();
  await segments.close();
  const [counts] = await query("SELECT count(*)::INT, count(DISTINCT id)::INT FROM events");
  expect(counts).toEqual([2509, 2509]);
  const ids = (await query("SELECT id FROM events ORDER BY rowid")).map(([id]) => String(id));
  expect(ids).toEqual(ids.toSorted());
});

test("a log that has forgotten all, or that is another one, leaves nothing out and nothing twice", async () => {
  for (const startedAt of [5, 9, 2]) {
    const log: EventLog = new Journal({ startedAt });
    const history = await open();
    history.keepEvents(log);
    // An agent tells all that it has once more.
    for (let second = 0; second <= startedAt; second++) log.append(eventOf(second));
    await history.close();
  }
  const rows = await query("SELECT container FROM events ORDER BY rowid");
  expect(rows.flat()).toEqual(Array.from({ length: 10 }, (_, second) => `web-${second}`));
});

test("old events go with old samples; the last stays, as it says where to go on", async () => {
  const history = await open(T0 + 8 * DAY);
  const log: EventLog = new Journal({ startedAt: 1 });
  history.keepEvents(log);
  for (const second of [0, 2 * 86_400, 3]) log.append(eventOf(second));
  await history.flush();
  await history.forget();
  await history.close();
  expect((await query("SELECT container FROM events ORDER BY rowid")).flat()).toEqual([
    "web-172800",
    "web-3",
  ]);
});
