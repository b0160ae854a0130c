import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  type DuckdbHistory,
  type DuckdbOptions,
  openDuckdbHistory,
} from "../../../aggregator/history/duckdb.ts";
import type { TierSetting } from "../../../aggregator/history/tiers.ts";
import { runExport } from "../../../commands/export.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { allStats } from "../../../wire/metrics/all.ts";
import type { Values } from "../../../wire/stats/answer.ts";
import { SUMMARIES } from "../../../wire/stats/summary.ts";
import { containerOf, everySecond } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const web = containerOf("/docker/web", { name: "web" });
const threads = allStats.filter(({ name }) => name === "threads");

const tiers: readonly TierSetting[] = [
  { width: 15_000, retention: 2 * HOUR },
  { width: 60_000, retention: DAY },
  { width: 600_000, retention: 30 * DAY },
];

/** A loaded machine takes its time to make sure that something is on the disk. */
const PATIENCE = 60_000;

let directory: string;
let now: number;
let logged: { msg: string }[];
let options: DuckdbOptions;
let history: DuckdbHistory;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-upkeep-"));
  now = T0;
  logged = [];
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  options = { directory, logger, retention: HOUR, now: () => now, tiers };
  history = await openDuckdbHistory(options);
}, PATIENCE);
afterEach(async () => {
  await history.close();
  await rm(directory, { recursive: true });
}, PATIENCE);

async function reopen(changed: Partial<DuckdbOptions> = {}): Promise<void> {
  await history.close();
  options = { ...options, ...changed };
  history = await openDuckdbHistory(options);
}

/** Samples of each second, whose value is the second's number. */
async function sample(from: number, seconds: number, node = "n"): Promise<void> {
  const first = (from - T0) / 1000;
  const values = Array.from({ length: seconds }, (_, index) => ({ threads: first + index }));
  history.append(everySecond(node, web, from, values));
  await history.flush();
}

async function threadsIn(start: number, end: number): Promise<Values | undefined> {
  const range = { start, end };
  const keys = (await history.containers(range)).map(({ key }) => key);
  const totals = await history.totals({ ...range, keys, stats: threads, summaries: SUMMARIES });
  return [...totals.values()][0]?.window["threads"];
}

/** What a statement answers of the closed file. */
async function ask(sql: string): Promise<readonly DuckDBValue[]> {
  await history.close();
  const instance = await DuckDBInstance.create(join(directory, "history.duckdb"), {
    access_mode: "READ_ONLY",
  });
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRows();
  connection.closeSync();
  instance.closeSync();
  history = await openDuckdbHistory(options);
  return rows[0] ?? [];
}

const counts = `SELECT (SELECT count(*) FROM samples)::INT, (SELECT count(*) FROM samples_15s)::INT,
  (SELECT count(*) FROM samples_60s)::INT, (SELECT count(*) FROM samples_600s)::INT`;

describe("the tiers", { timeout: PATIENCE }, () => {
  test("are rolled up once, of what can't grow any more", async () => {
    await sample(T0, 1200);
    now = T0 + 1200_000;
    await history.roll();
    await history.roll();
    // Up to two minutes ago.
    expect(await ask(counts)).toEqual([1200, 72, 18, 1]);
    now += HOUR;
    await history.roll();
    // The newest interval stays open until something newer comes.
    expect(await ask(counts)).toEqual([1200, 79, 19, 1]);
  });

  test("lose nothing that is not rolled up, however old it is", async () => {
    await sample(T0, 60);
    now = T0 + DAY;
    await history.forget();
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 59, avg: 29.5 });
  });

  test("answer for what finer ones have lost; a percentile is that of their averages", async () => {
    await sample(T0, 1200);
    await sample(T0 + 3 * HOUR, 60);
    now = T0 + 90 * MINUTE;
    expect(history.resolution(T0)).toBe(1000);
    const exact = await threadsIn(T0, T0 + HOUR);
    expect(exact).toEqual({ avg: 599.5, max: 1199, min: 0, p95: 1139 });
    await history.roll();
    await history.forget();
    expect(history.resolution(T0)).toBe(15_000);
    expect(history.resolution(now)).toBe(1000);
    // Of 80 averages the 76th: that of the seconds from 1125 to 1139.
    expect(await threadsIn(T0, T0 + HOUR)).toEqual({ ...exact, p95: 1132 });
    now = T0 + 4 * HOUR;
    await history.roll();
    await history.forget();
    expect(history.resolution(T0)).toBe(60_000);
    expect(await threadsIn(T0, T0 + HOUR)).toEqual({ ...exact, p95: 1109.5 });
    expect((await ask(counts)).slice(0, 2)).toEqual([60, 3]);
  });

  test("take in what comes late, even if its samples are long gone", async () => {
    await sample(T0, 600);
    await sample(T0 + 5 * HOUR, 1);
    now = T0 + 5 * HOUR;
    await history.roll();
    await history.forget();
    history.append(everySecond("n", web, T0 + 600_000 - 500, [{ threads: 5000 }]));
    await history.flush();
    const totals = await threadsIn(T0, T0 + HOUR);
    expect(totals).toMatchObject({ min: 0, max: 5000 });
    expect(totals!["avg"]).toBeCloseTo((299.5 * 600 + 5000) / 601, 9);
    const [known] = await history.containers({ start: T0, end: T0 + HOUR });
    expect(known!.lastTime).toBe(T0 + 600_000 - 500);
  });

  test("stand it if the clock runs ahead for a while", async () => {
    await sample(T0, 300);
    now = T0 + 20 * DAY;
    await history.roll();
    now = T0 + 300_000;
    await sample(now, 300);
    now += 10 * MINUTE;
    await history.roll();
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 599, avg: 299.5 });
    // Not a point for each answer, as it would be if all of it were late.
    expect((await ask(counts)).slice(0, 3)).toEqual([600, 39, 9]);
  });
});

describe("other settings than before", { timeout: PATIENCE }, () => {
  test("15 s only: what was kept in full is rolled up, and nothing is missing", async () => {
    await sample(T0, 100);
    await reopen({ resolution: 15_000 });
    expect(history.storedUntil.get("n")?.get(web.id)).toBe(T0 + 99_000);
    await sample(T0 + 100_000, 100);
    expect((await ask(counts))[0]).toBe(0);
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 199, avg: 99.5 });
    expect(history.resolution(T0 + 150_000)).toBe(15_000);
    expect(history.storedCursors.size).toBe(0);

    await reopen({ resolution: 1000 });
    await sample(T0 + 200_000, 1000);
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 1199, avg: 599.5 });
    now = T0 + HOUR;
    await history.roll();
    await history.forget();
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 1199, avg: 599.5 });
  });

  test("a tier less, and again", async () => {
    await sample(T0, 1300);
    now = T0 + HOUR;
    await history.roll();
    await reopen({ tiers: tiers.filter(({ width }) => width !== 60_000) });
    expect((await ask(counts)).slice(1)).toEqual([86, 0, 2]);
    await reopen({ tiers });
    await history.roll();
    expect((await ask(counts)).slice(1)).toEqual([86, 21, 2]);
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 1299, avg: 649.5 });
  });

  test("a history of before there were tiers", async () => {
    await reopen({ tiers: [] });
    await sample(T0, 700);
    await history.close();
    const instance = await DuckDBInstance.create(join(directory, "history.duckdb"));
    const connection = await instance.connect();
    for (const table of ["tiers", "samples_15s", "samples_60s", "samples_600s"]) {
      await connection.run(`DROP TABLE ${table}`);
    }
    connection.closeSync();
    instance.closeSync();
    history = await openDuckdbHistory({ ...options, tiers });
    now = T0 + HOUR;
    await history.roll();
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 699, avg: 349.5 });
  });
});

describe("points of 15 s, written as they come", { timeout: PATIENCE }, () => {
  test("are one for each interval, though answers cut them", async () => {
    await reopen({ resolution: 15_000 });
    for (let second = 0; second < 300; second += 7) {
      const values = Array.from({ length: 7 }, (_, index) => ({ threads: second + index }));
      history.append(everySecond("n", web, T0 + second * 1000, values));
    }
    expect((await ask(counts))[1]).toBe(21);
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 0, max: 300, avg: 150 });
  });

  test("are written when nothing more comes", async () => {
    await reopen({ resolution: 15_000 });
    history.append(everySecond("n", web, T0, [{ threads: 1 }]));
    now = T0 + 10 * MINUTE;
    await history.roll();
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ min: 1, max: 1 });
  });
});

test(
  "a size that is reached takes the oldest of the finest tier, and says so once",
  { timeout: 120_000 },
  async () => {
    const many = Array.from({ length: 40 }, (_, index) => containerOf(`/c${index}`));
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let turn = 0; turn < 12; turn++) {
      for (const container of many) {
        const values = Array.from({ length: 600 }, () =>
          Object.fromEntries(allStats.slice(0, 8).map(({ name }) => [name, random()])),
        );
        history.append(everySecond("n", container, T0 + turn * 600_000, values));
      }
      await history.flush();
    }
    now = T0 + 12 * 600_000;
    await history.roll();
    const [before] = await ask(counts);
    await reopen({ maxBytes: 18 * 1024 * 1024, retention: DAY });
    await history.tidy();
    await history.tidy();
    const size = "SELECT (used_blocks * block_size)::INT FROM pragma_database_size()";
    expect(Number((await ask(size))[0])).toBeLessThanOrEqual(18 * 1024 * 1024);
    const left = await ask(counts);
    expect(Number(left[0])).toBeLessThan(Number(before));
    expect(history.resolution(T0)).toBeGreaterThan(1000);
    expect(await history.containers({ start: T0, end: T0 + 600_000 })).toHaveLength(40);
    const said = logged.filter(({ msg }) => msg.includes("reached its size"));
    expect(said).toHaveLength(1);
  },
);

describe("plimsoll export", { timeout: PATIENCE }, () => {
  const asked = {
    start: "2026-01-01T00:00:00Z",
    end: "2026-01-01T01:00:00Z",
    resolution: "best",
    format: undefined,
    metrics: ["threads"],
    node: undefined,
  } as const;
  const around = { now: () => now, signal: new AbortController().signal };

  test("writes what is kept, each time at its finest", async () => {
    await sample(T0, 1200);
    await sample(T0 + 2 * HOUR, 60);
    now = T0 + 85 * MINUTE;
    await history.roll();
    await history.forget();
    await sample(T0 + 30 * MINUTE, 2, "it's");
    await history.close();
    const shared = { ...asked, "history.dir": directory };
    const csv = join(directory, "out.csv");
    expect(await runExport({ ...shared, output: csv }, around)).toMatch(/^82 rows, \d+ bytes: /);
    const [head, first] = (await readFile(csv, "utf8")).split("\n");
    expect(head).toBe(
      "time,node,container,container_id,cgroup,resolution_seconds,covered_seconds,threads_avg,threads_min,threads_max,threads_last",
    );
    expect(first).toBe("2026-01-01 00:00:00,n,web,,/docker/web,15.0,15.0,7.0,0.0,14.0,14.0");
    const parquet = join(directory, "out.parquet");
    const coarse = { ...shared, output: parquet, resolution: "1m", node: "n" } as const;
    expect(await runExport(coarse, around)).toMatch(/^20 rows/);
    const own = { ...shared, output: join(directory, "own.csv"), node: "it's" };
    expect(await runExport(own, around)).toMatch(/^2 rows/);
    await expect(runExport({ ...shared, output: csv }, around)).rejects.toThrow(
      /^output ".*out.csv": is there already; name another$/,
    );
    history = await openDuckdbHistory(options);
  });

  test.for([
    [{}, /^output: must name the file to write/],
    [{ output: "/tmp/x.txt" }, /^output "\/tmp\/x.txt": must end in .parquet or .csv/],
    [{ output: "/proc/nope/x.csv" }, /^output ".*": must be in a folder that this program/],
    [{ output: "x.csv", start: "soon" }, /^start "soon": must be a time such as/],
    [{ output: "x.csv", end: "2025-12-31T00:00:00Z" }, /^start ".*": must be before the end$/],
    [{ output: "x.csv", metrics: ["nope"] }, /^metrics "nope": must be some of cpu_cores, /],
    [{ output: "x.csv", "history.dir": "/nope" }, /^history.dir "\/nope": has no history in it/],
  ] as const)("refuses %o", async ([changed, message]) => {
    const config = { ...asked, output: undefined, "history.dir": directory, ...changed };
    const exporting = runExport(config, around);
    await expect(exporting).rejects.toThrow(message);
    await expect(exporting).rejects.toThrow(ConfigError);
  });
});

test(
  "a file that is cut off is set aside, and a new one is begun",
  { timeout: PATIENCE },
  async () => {
    await sample(T0, 1200);
    now = T0 + HOUR;
    await history.roll();
    await history.close();
    const file = join(directory, "history.duckdb");
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, 8192));
    history = await openDuckdbHistory(options);
    await sample(T0, 10);
    expect(await threadsIn(T0, T0 + HOUR)).toMatchObject({ max: 9 });
    expect(logged.map(({ msg }) => msg)).toEqual(["cannot read the history, a new one is begun"]);
  },
);
