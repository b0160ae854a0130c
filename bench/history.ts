/**
 * What the embedded history costs: bytes a value in each tier, values taken in a second, how long an
 * append waits while tiers are rolled up, and how long a question takes.
 *
 *     npm run bench:history -- [--containers 100] [--minutes 60] [--resolution 1]
 *
 * The values walk at random as real ones do: most change a little, some stand still.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { DuckDBInstance } from "@duckdb/node-api";

import { type DuckdbHistory, openDuckdbHistory } from "../aggregator/history/duckdb.ts";
import { widthOf } from "../aggregator/history/tiers.ts";
import type { Batch } from "../aggregator/model/batch.ts";
import { createLogger } from "../lib/log.ts";
import { type Container, NO_LIMITS } from "../wire/container.ts";
import { allStats, storedStats } from "../wire/metrics/all.ts";

const { values: given } = parseArgs({
  options: {
    containers: { type: "string", default: "100" },
    minutes: { type: "string", default: "60" },
    resolution: { type: "string", default: "1" },
  },
});
const containers = Number(given.containers);
const minutes = Number(given.minutes);
const T0 = Date.parse("2026-01-01T00:00:00Z");
const SCRAPE_S = 15;
const PARTS = ["samples", "samples_15s", "samples_60s", "samples_600s"] as const;

interface Walker {
  readonly container: Container;
  readonly row: Float64Array;
}

let state = 1;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}

function walkerOf(index: number): Walker {
  const id = `/docker/${index}`;
  const container = { id, name: id, labels: {}, groups: {}, limits: NO_LIMITS };
  return { container, row: Float64Array.from(storedStats, () => Math.floor(random() * 1e6)) };
}

function step(row: Float64Array): Float64Array {
  for (let index = 0; index < row.length; index++) {
    if (random() > 0.5)
      row[index] = Math.max(0, (row[index] ?? 0) + Math.floor(random() * 21) - 10);
  }
  return row.slice();
}

function batchAt(walkers: readonly Walker[], second: number): Batch {
  const seconds = Array.from({ length: SCRAPE_S }, (_, index) => second + index);
  return walkers.map(({ container, row }) => ({
    node: "n",
    container,
    times: seconds.map((each) => T0 + each * 1000),
    intervals: seconds.map(() => 1000),
    rows: seconds.map(() => step(row)),
  }));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Fills a history; answers how long the appends took, alone and beside a roll-up. */
async function fill(
  history: DuckdbHistory,
  clock: { now: number },
): Promise<{ alone: number; longestBeside: number; rolling: number }> {
  const walkers = Array.from({ length: containers }, (_, index) => walkerOf(index));
  const cost = { alone: 0, longestBeside: 0, rolling: 0 };
  for (let second = 0; second < minutes * 60; second += SCRAPE_S) {
    const batch = batchAt(walkers, second);
    const isBeside = second % 60 === 0;
    clock.now = T0 + second * 1000;
    const rolling = isBeside ? timed(() => history.roll()) : Promise.resolve(0);
    history.append(batch);
    const took = await timed(() => history.flush());
    if (isBeside) cost.longestBeside = Math.max(cost.longestBeside, took);
    else cost.alone += took;
    cost.rolling += await rolling;
  }
  return cost;
}

async function questions(history: DuckdbHistory): Promise<object[]> {
  const all = { start: T0, end: T0 + minutes * 60_000 };
  const keys = (await history.containers(all)).map(({ key }) => key);
  const cores = allStats.slice(0, 1);
  const table: object[] = [];
  for (const [what, summaries] of [
    ["sums", ["avg", "max"]],
    ["with a percentile", ["avg", "p95"]],
  ] as const) {
    const ask = { ...all, keys, stats: cores, summaries };
    const took: number[] = [];
    for (let round = 0; round < 20; round++) {
      took.push(await timed(() => history.series(ask, 60_000)));
    }
    const sorted = took.toSorted((a, b) => a - b);
    table.push({ question: what, "median ms": sorted[10], "p95 ms": sorted[18] });
  }
  return table;
}

/** Bytes of each table: what the file shrinks by without it is not to be had, so each is copied alone. */
async function sizes(directory: string): Promise<object[]> {
  const table: object[] = [];
  for (const name of PARTS) {
    const file = join(directory, `${name}.duckdb`);
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run(`ATTACH '${join(directory, "history.duckdb")}' AS h (READ_ONLY)`);
    await connection.run(`CREATE TABLE alone AS FROM h.${name}; CHECKPOINT;`);
    const reader = await connection.runAndReadAll("SELECT count(*) FROM alone");
    const rows = Number(reader.getRows()[0]?.[0]);
    connection.closeSync();
    instance.closeSync();
    const { size } = await stat(file);
    const values = rows * storedStats.length;
    table.push({ table: name, rows, bytes: size, "bytes a statistic": size / values });
  }
  return table;
}

const directory = await mkdtemp(join(tmpdir(), "plimsoll-bench-history-"));
try {
  const clock = { now: T0 };
  const year = 366 * 86_400_000;
  const history = await openDuckdbHistory({
    directory,
    logger: createLogger({ level: "warn", format: "text" }),
    retention: year,
    resolution: widthOf(Number(given.resolution) * 1000) ?? 1000,
    tiers: ([15_000, 60_000, 600_000] as const).map((width) => ({ width, retention: year })),
    now: () => clock.now,
  });
  const before = process.cpuUsage();
  const cost = await fill(history, clock);
  const { user, system } = process.cpuUsage(before);
  const stored = containers * minutes * 60 * storedStats.length;
  console.log(`values: ${stored}`);
  console.log(
    `values a second of CPU, making them up included: ${stored / ((user + system) / 1e6)}`,
  );
  console.log(`longest append beside a roll-up: ${cost.longestBeside.toFixed(0)} ms`);
  console.log(`rolling up, in all: ${(cost.rolling / 1000).toFixed(1)} s`);
  console.log(`memory: ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  console.table(await questions(history));
  await history.close();
  console.table(await sizes(directory));
} finally {
  await rm(directory, { recursive: true });
}
