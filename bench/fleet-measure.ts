import { readdirSync, statSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";

import type { Child } from "../test/testbed/child.ts";
import { sleep, until } from "../test/testbed/wait.ts";
import { readProcessCost } from "./process-cost.ts";

/** A fleet and its aggregator, both running. */
export interface Running {
  readonly aggregator: Child;
  readonly fleet: Child;
  readonly base: string;
  readonly nodes: number;
  /** Holds the folder `history`. */
  readonly folder: string;
}

/** A line of the table. */
export interface Measured {
  readonly nodes: number;
  readonly containers: number;
  readonly "user %": string;
  readonly "system %": string;
  readonly "mCPU/node": string;
  readonly "MB/node": string;
  readonly "RSS MB": string;
  readonly "late p99 s": string;
  readonly "failed scrapes": number;
  readonly "stored/s": number;
  readonly lost: number;
  readonly "history MB": string;
  readonly "bytes/value": string;
  readonly "/metrics ms": string;
  readonly "/stats ms": string;
  readonly "level ms": string;
  readonly "fleet %": string;
  readonly load: string;
}

/** After everybody has answered once: two more rounds, so that code is compiled and buffers are full. */
const SETTLE_MS = 35_000;
const ASKED_TIMES = 3;
/** Columns of `samples` beside its time and its container. */
const STATISTICS = 33;

type Page = ReadonlyMap<string, number>;

async function readPage(base: string): Promise<Page> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith("plimsoll_"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The upper bound of the bucket that holds the 99th of a hundred new observations. */
function latenessP99(before: Page, after: Page): string {
  const name = "plimsoll_aggregator_scrape_lateness_seconds";
  const grown = (series: string): number => (after.get(series) ?? 0) - (before.get(series) ?? 0);
  const wanted = grown(`${name}_count`) * 0.99;
  for (const series of after.keys()) {
    const bound = /_bucket\{le="([^"]+)"\}$/.exec(series)?.[1];
    if (series.startsWith(name) && bound !== undefined && grown(series) >= wanted)
      return `≤ ${bound}`;
  }
  return "?";
}

function sum(page: Page, name: string): number {
  let total = 0;
  for (const [series, value] of page) if (series.split("{", 1)[0] === name) total += value;
  return total;
}

/** The median of a few. */
async function millisecondsOf(url: string): Promise<string> {
  const times: number[] = [];
  for (let time = 0; time < ASKED_TIMES; time++) {
    const start = performance.now();
    const response = await fetch(url);
    await response.arrayBuffer();
    if (!response.ok) return `${response.status}`;
    times.push(performance.now() - start);
    await sleep(500);
  }
  return (times.toSorted((a, b) => a - b)[1] ?? 0).toFixed(0);
}

function folderBytes(folder: string): number {
  try {
    return readdirSync(folder).reduce(
      (bytes, name) => bytes + statSync(join(folder, name)).size,
      0,
    );
  } catch {
    return 0;
  }
}

/** Waits until all have answered and the numbers are steady, then measures for so long. */
export async function measureFleet(running: Running, seconds: number): Promise<Measured> {
  const { aggregator, fleet, base, nodes, folder } = running;
  const all = async (): Promise<boolean> =>
    ((await readPage(base)).get("plimsoll_cluster_nodes") ?? 0) >= nodes;
  const log = (): string => aggregator.tail();
  await until("all nodes", all, { timeoutMs: 180_000, everyMs: 2000, log });
  await sleep(SETTLE_MS);
  const history = join(folder, "history");
  const [pageBefore, ourBefore] = [await readPage(base), readProcessCost(aggregator.pid)];
  const fleetBefore = readProcessCost(fleet.pid);
  const start = performance.now();
  await sleep(seconds * 1000);
  const elapsed = (performance.now() - start) / 1000;
  const [ourAfter, fleetAfter] = [readProcessCost(aggregator.pid), readProcessCost(fleet.pid)];
  const page = await readPage(base);
  const percent = (before: number, after: number): number => ((after - before) / elapsed) * 100;
  const cpu = percent(ourBefore.cpuSeconds, ourAfter.cpuSeconds);
  const stored = sum(page, "plimsoll_aggregator_history_samples_total");
  const grown = (name: string): number => sum(page, name) - sum(pageBefore, name);
  const bytes = folderBytes(history);
  return {
    nodes,
    containers: sum(page, "plimsoll_cluster_containers"),
    "user %": percent(ourBefore.userSeconds, ourAfter.userSeconds).toFixed(1),
    "system %": percent(ourBefore.systemSeconds, ourAfter.systemSeconds).toFixed(1),
    "mCPU/node": ((cpu * 10) / nodes).toFixed(3),
    "MB/node": (ourAfter.residentBytes / 1e6 / nodes).toFixed(2),
    "RSS MB": (ourAfter.residentBytes / 1e6).toFixed(0),
    "late p99 s": latenessP99(pageBefore, page),
    "failed scrapes": grown("plimsoll_aggregator_scrape_failures_total"),
    "stored/s": Math.round(grown("plimsoll_aggregator_history_samples_total") / elapsed),
    lost: sum(page, "plimsoll_aggregator_history_lost_samples_total"),
    "history MB": (bytes / 1e6).toFixed(0),
    "bytes/value": stored === 0 ? "–" : (bytes / stored / STATISTICS).toFixed(2),
    "/metrics ms": await millisecondsOf(`${base}/metrics`),
    "/stats ms": await millisecondsOf(`${base}/stats?limit=50`),
    "level ms": await millisecondsOf(`${base}/stats?level=service&limit=50`),
    "fleet %": percent(fleetBefore.cpuSeconds, fleetAfter.cpuSeconds).toFixed(1),
    load: (loadavg()[0] ?? 0).toFixed(1),
  };
}
