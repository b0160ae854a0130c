import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { burnCpu } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type Influx, startInflux } from "../testbed/influxdb.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askStats, seriesValue } from "./ask.ts";
import { type FakeStoreFront, startFakeStoreFront } from "./fake-store-front.ts";
import { startAgent, type StartedAgent } from "./start-agent.ts";

/** How long programs are killed, and how often at least. */
const SECONDS = Number(process.env["PLIMSOLL_SINK_SECONDS"] ?? 30);
const KILLS = Math.max(2, Math.round(SECONDS / 20));
const STEP = 5;
/** Steps that are asked for at a time. */
const MOST_STEPS = 200;

let folder: string;
let influx: Influx;
let front: FakeStoreFront;
let engine: Engine;
let agent: StartedAgent;
let aggregator: Program;
let port: number;

interface Point {
  /** Unix seconds. */
  readonly time: number;
  readonly value: number;
  readonly max: number;
  readonly min: number;
}

/** A measurement, the statistic that it is made of, and its units in one of the statistic's. */
const compared = [
  ["memory/usage", "memory_usage_bytes", 1],
  ["cpu/usage_rate", "cpu_cores", 1000],
] as const;

const BURNER = `"type" = 'sys_container' AND "container_name" = 'burner'`;

/** All points of a series, oldest first, also those of parts of an interval. */
async function points(metric: string, where = BURNER): Promise<Point[]> {
  const query = `SELECT value, max, min FROM "${metric}" WHERE ${where}`;
  const [series] = await influx.query(query, "k8s");
  const rows = (series?.rows ?? []) as unknown as Point[];
  return rows.map((row) => ({ ...row, time: row.time / 1000 }));
}

function isWhole({ time }: Point): boolean {
  return time % STEP === 0;
}

async function startAggregator(): Promise<Program> {
  const program = await startProgram([
    "aggregator",
    `--listen=127.0.0.1:${port}`,
    `--agents=${new URL(agent.url).host}`,
    "--scrape-interval=1s",
    `--history-dir=${join(folder, "history")}`,
    `--events-dir=${join(folder, "events")}`,
    `--queue-dir=${join(folder, "queue")}`,
    `--influx-url=${front.url}`,
    `--influx-resolution=${STEP}s`,
  ]);
  await program.ready(`http://127.0.0.1:${port}/-/ready`);
  return program;
}

async function killAggregator(): Promise<void> {
  await aggregator.kill();
  await aggregator.close();
  aggregator = await startAggregator();
}

/** What our own metrics say of the sink. */
async function sinkMetric(name: string): Promise<number | undefined> {
  const page = await ask(`http://127.0.0.1:${port}/metrics`);
  return seriesValue(page, `plimsoll_sink_${name}`, ['sink="influxdb"']);
}

async function seconds(count: number): Promise<void> {
  const end = Date.now() + count * 1000;
  await until(`${count} s of samples`, () => Date.now() >= end, { timeoutMs: 2e6, everyMs: 200 });
}

/** Waits until an interval that began now is in InfluxDB, and nothing waits. */
async function caughtUp(): Promise<void> {
  const since = Date.now() / 1000 + STEP;
  const check = async (): Promise<boolean> => {
    const last = (await points("memory/usage")).findLast(isWhole);
    return (last?.time ?? 0) > since && (await sinkMetric("waiting_points")) === 0;
  };
  await until("everything to be sent", check, {
    timeoutMs: 60_000,
    everyMs: 500,
    log: () => aggregator.stderr(),
  });
}

/** DuckDB's numbers of a whole interval, by its end in Unix seconds. */
async function stored(stat: string, from: number, to: number): Promise<Map<number, Point>> {
  const found = new Map<number, Point>();
  for (let start = from - STEP; start < to; start += MOST_STEPS * STEP) {
    const end = Math.min(to, start + MOST_STEPS * STEP);
    const query = `metrics=${stat}&stat=avg,max,min&name=burner&start=${start}&end=${end}&step=${STEP}s`;
    const { containers } = await askStats(`http://127.0.0.1:${port}/stats?${query}`);
    const { times, values } = containers[0]!.series!;
    const { avg, max, min } = values[stat]! as Record<string, number[]>;
    for (const [index, begin] of times.entries()) {
      const time = begin + STEP;
      found.set(time, { time, value: avg![index]!, max: max![index]!, min: min![index]! });
    }
  }
  return found;
}

/** Every interval is there once, whole, and as DuckDB has it. */
async function expectAll(): Promise<void> {
  for (const [metric, stat, factor] of compared) {
    const all = await points(metric);
    const first = all.findIndex(isWhole);
    // Where this test and the agent begin there is a part of an interval.
    const whole = all.slice(first, all.findLastIndex(isWhole) + 1);
    const begin = whole[0]!.time;
    expect(whole.map(({ time }) => time)).toEqual(whole.map((_, index) => begin + index * STEP));
    expect(first).toBeLessThanOrEqual(1);
    const wanted = await stored(stat, begin, whole.at(-1)!.time);
    for (const point of whole) {
      const exact = wanted.get(point.time)!;
      for (const key of ["value", "max", "min"] as const) {
        const off = Math.abs(point[key] - exact[key] * factor);
        expect(off, `${metric} ${key} at ${point.time}`).toBeLessThan(0.5001);
      }
    }
  }
}

describeWith(["docker", "influxdb"], "a store behind its queue", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-sinks-"));
    [influx, engine, port] = await Promise.all([startInflux(), startDocker(), freePort()]);
    front = await startFakeStoreFront(influx.url);
    await engine.run({ name: "burner", cmd: burnCpu, cpus: 0.2, memoryBytes: 64 << 20 });
    agent = await startAgent(`--docker-host=${engine.host}`, "--node=host-1");
    aggregator = await startAggregator();
  });

  afterAll(async () => {
    await aggregator?.close();
    await agent?.program.close();
    await front?.close();
    await engine?.close();
    await influx?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test(
    "has each interval once and whole, whoever is killed",
    { timeout: (SECONDS + 180) * 1000 },
    async () => {
      await until("a whole interval", async () => (await points("memory/usage")).some(isWhole));
      for (let kill = 0; kill < KILLS; kill++) {
        const isAway = kill === 1;
        if (isAway) {
          await influx.kill();
          await aggregator.printed(/cannot send to a store/);
        }
        await seconds(SECONDS / KILLS / 2);
        await killAggregator();
        await seconds(SECONDS / KILLS / 2);
        if (isAway) {
          expect(await sinkMetric("failures_total")).toBeGreaterThan(0);
          expect(await sinkMetric("waiting_points")).toBeGreaterThan(0);
          await influx.start();
        }
      }
      await caughtUp();
      await expectAll();
      const node = (await points("memory/usage", `"type" = 'node'`)).filter(isWhole);
      expect(node.map(({ time }) => time)).toEqual(
        node.map((_, index) => node[0]!.time + index * STEP),
      );
    },
  );

  test("has all of it, though it answered 500, 429 and as one whose disk is full", async () => {
    const [sent, failures] = [await sinkMetric("sent_points_total"), await failed()];
    await front.answer({ status: 500, body: '{"error":"timeout"}' }, 4);
    await front.answer({ status: 429, headers: { "retry-after": "1" } }, 2);
    const full = "engine: error writing WAL entry: write 00001.wal: no space left on device";
    await front.answer({ status: 500, body: JSON.stringify({ error: full }) }, 4);
    await caughtUp();
    expect(await failed()).toBeGreaterThanOrEqual(failures + 10);
    expect(await sinkMetric("sent_points_total")).toBeGreaterThan(sent!);
    for (const none of ["oldest_seconds", "refused_points_total", "dropped_points_total"]) {
      expect(await sinkMetric(none), none).toBe(0);
    }
    expect(await sinkMetric("damaged_files_total")).toBe(0);
    await expectAll();

    function failed(): Promise<number> {
      return sinkMetric("failures_total").then((count) => count!);
    }
  });
});
