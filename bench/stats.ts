/**
 * What it costs the agent to answer: `/stats` under load, the feed's bytes, and live streams of which
 * half are never read.
 *
 *     npm run bench:stats -- [--cgroups 500] [--busy 20] [--seconds 15] [--streams 100]
 */
import http from "node:http";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { openCgroups } from "../test/testbed/cgroups.ts";
import type { Child } from "../test/testbed/child.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep, until } from "../test/testbed/wait.ts";
import type { FeedContainer, FeedHead } from "../wire/feed.ts";
import { plimsoll } from "./candidate.ts";
import { type Load, putLoad } from "./load.ts";
import { readProcessCost } from "./process-cost.ts";

const SETTLE_MS = 20_000;

/** Runs a little about once a second: nothing of such a cgroup can be left unread. */
const BUSY = ["sh", "-c", "while sleep 1; do :; done"];

/** The aggregator asks each second. */
const FEED_ROUNDS = 10;

interface Passes {
  readonly passes: number;
  readonly missed: number;
}

async function readPasses(base: string): Promise<Passes> {
  const page = await (await fetch(`${base}/metrics`)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(page)?.[1]);
  return {
    passes: value("plimsoll_agent_passes_total"),
    missed: value("plimsoll_agent_missed_passes_total"),
  };
}

async function underLoad(base: string, child: Child, name: string, load: Load): Promise<object> {
  const [before, passes] = [readProcessCost(child.pid), await readPasses(base)];
  const start = performance.now();
  const cost = await putLoad(load);
  const seconds = (performance.now() - start) / 1000;
  const [after, later] = [readProcessCost(child.pid), await readPasses(base)];
  return {
    load: name,
    "requests/s": cost.perSecond.toFixed(0),
    "median ms": cost.medianMs.toFixed(1),
    "p99 ms": cost.p99Ms.toFixed(1),
    failed: cost.failed,
    "MB/s": cost.megabytesPerSecond.toFixed(0),
    "agent CPU %": (((after.cpuSeconds - before.cpuSeconds) / seconds) * 100).toFixed(0),
    passes: later.passes - passes.passes,
    missed: later.missed - passes.missed,
  };
}

/** How many numbers of the kernel a feed carries. */
function valuesIn(lines: readonly Partial<FeedContainer>[]): number {
  const lists = lines.flatMap(({ values = [] }) => values.map((list) => list ?? []));
  return lists.reduce((sum, list) => sum + list.filter((value) => value !== null).length, 0);
}

async function measureFeed(base: string): Promise<object> {
  const total = { bytes: 0, zipped: 0, values: 0 };
  let cursor = "";
  for (let round = 0; round <= FEED_ROUNDS; round++) {
    const text = await (await fetch(`${base}/stats/feed?since=${cursor}`)).text();
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Partial<FeedContainer & FeedHead>);
    cursor = lines[0]?.cursor ?? "";
    // The first has everything that is kept.
    if (round > 0) {
      total.bytes += text.length;
      total.zipped += gzipSync(text, { level: 1 }).length;
      total.values += valuesIn(lines);
    }
    await sleep(1000);
  }
  return {
    "values/s": (total.values / FEED_ROUNDS).toFixed(0),
    "bytes/value": (total.bytes / total.values).toFixed(2),
    "bytes/value, gzip": (total.zipped / total.values).toFixed(2),
  };
}

/** Opens streams; the odd ones are never read. */
function openStreams(
  base: string,
  count: number,
): { requests: http.ClientRequest[]; read: () => number } {
  let bytes = 0;
  const requests = Array.from({ length: count }, (_, number) => {
    const request = http.get(`${base}/stats?stream=1`, { agent: false }, (response) => {
      response.on("error", () => undefined);
      if (number % 2 === 0) response.on("data", (chunk: Buffer) => (bytes += chunk.length));
    });
    return request.on("error", () => undefined);
  });
  return { requests, read: () => bytes };
}

async function measureStreams(base: string, child: Child, count: number): Promise<object> {
  const megabytes = (): number => readProcessCost(child.pid).residentBytes / 1e6;
  const before = megabytes();
  const start = await readPasses(base);
  const { requests, read } = openStreams(base, count);
  const seen: number[] = [];
  for (let second = 0; second < 90; second++) {
    await sleep(1000);
    seen.push(megabytes());
  }
  const passes = await readPasses(base);
  for (const request of requests) request.destroy();
  await sleep(5000);
  return {
    streams: count,
    "RSS before MB": before.toFixed(0),
    "most MB": Math.max(...seen).toFixed(0),
    "after 90 s MB": (seen.at(-1) ?? Number.NaN).toFixed(0),
    "closed MB": megabytes().toFixed(0),
    "read MB": (read() / 1e6).toFixed(0),
    missed: passes.missed - start.missed,
  };
}

async function measure(base: string, child: Child, asked: Asked): Promise<void> {
  const url = `${base}/stats`;
  const { seconds } = asked;
  const gzip = { "accept-encoding": "gzip" };
  const tables = [
    await underLoad(base, child, "300/s, gzip", { url, seconds, headers: gzip, perSecond: 300 }),
    await underLoad(base, child, "300/s, plain", { url, seconds, perSecond: 300 }),
    await underLoad(base, child, "all it can, gzip", { url, seconds, headers: gzip }),
    await underLoad(base, child, "all it can, plain", { url, seconds }),
  ];
  console.table(tables);
  console.table([await measureFeed(base)]);
  console.table([await measureStreams(base, child, asked.streams)]);
}

interface Asked {
  readonly cgroups: number;
  readonly busy: number;
  readonly seconds: number;
  readonly streams: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cgroups: { type: "string", default: "500" },
      busy: { type: "string", default: "20" },
      seconds: { type: "string", default: "15" },
      streams: { type: "string", default: "100" },
    },
  });
  const asked: Asked = {
    cgroups: Number(values.cgroups),
    busy: Number(values.busy),
    seconds: Number(values.seconds),
    streams: Number(values.streams),
  };
  const cgroups = await openCgroups();
  let child: Child | undefined;
  try {
    for (let at = 0; at < asked.cgroups; at++) {
      await cgroups.create(`c${at}`, { process: at % 100 < asked.busy ? BUSY : true });
    }
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    child = await plimsoll().start(port);
    const running = child;
    await until("the agent to answer", async () => (await fetch(`${base}/healthz`)).ok, {
      log: () => running.tail(),
    });
    await sleep(SETTLE_MS);
    await measure(base, child, asked);
  } finally {
    await child?.stop({ timeoutMs: 10_000 });
    await cgroups.close();
  }
}

await main();
