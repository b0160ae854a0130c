import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";

import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import { burnCpu } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Host, type Network, openNetwork } from "../testbed/network.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, askStats } from "./ask.ts";
import { askFeed, type Reading, readings } from "./feed.ts";
import { missingSeconds } from "./seconds.ts";
import { NO_CRI } from "./start-agent.ts";

const CORES = 0.3;

interface Target {
  readonly state: string;
  readonly last_success?: string;
  readonly gap_seconds: number;
  readonly last_gap?: { readonly start: string; readonly end: string };
}

let network: Network;
let host: Host;
let cgroups: Cgroups;
let burner: PlainCgroup;
let agent: Program;
let agentUrl: string;
let aggregator: Program;
let aggregatorListen: string;
let folder: string;
/** The kernel's number at the beginning of the stretch that all tests look at. */
let beginning: Reading;
/** And at the last moment before the agent was stopped. */
let whole: Reading;
const programs: Program[] = [];

async function start(args: readonly string[], netns?: string): Promise<Program> {
  const program = await startProgram(args, netns === undefined ? {} : { netns });
  programs.push(program);
  return program;
}

async function startAgent(): Promise<Program> {
  const listen = `${host.address}:8180`;
  agentUrl = `http://${listen}`;
  const args = ["agent", NO_CRI, `--listen=${listen}`, "--node=host-1", "--docker-host=/nowhere"];
  const started = await start(args, host.netns);
  await started.ready(`${agentUrl}/-/ready`);
  return started;
}

async function startAggregator(): Promise<Program> {
  const started = await start([
    "aggregator",
    `--listen=${aggregatorListen}`,
    `--agents=${agentUrl}`,
    "--scrape-interval=5s",
    `--history-dir=${folder}`,
  ]);
  await started.ready(`http://${aggregatorListen}/-/ready`);
  return started;
}

async function target(): Promise<Target> {
  const answer = await ask(`http://${aggregatorListen}/targets`);
  return (JSON.parse(answer) as { targets: Target[] }).targets[0]!;
}

/** Seconds from the beginning on, and the cores that the burner used in each, as the history has it. */
async function history(): Promise<{ times: readonly number[]; cores: readonly (number | null)[] }> {
  const question = new URLSearchParams({
    start: String(Math.ceil(beginning.time / 1000)),
    step: "1s",
    stat: "avg",
    metrics: "cpu_cores",
  });
  const path = `/stats/${encodeURIComponent(burner.path)}?${question.toString()}`;
  const { containers } = await askStats(`http://${aggregatorListen}${path}`);
  const { times, values } = containers[0]!.series!;
  return { times, cores: values["cpu_cores"]!["avg"]! };
}

/** The newest number of the kernel that the agent has handed out. */
async function newestReading(): Promise<Reading> {
  return readings(await askFeed(agentUrl), burner.path, cpuMetrics.usage).at(-1)!;
}

/** The history as soon as it has a second. */
async function historyUntil(second: number): Promise<Awaited<ReturnType<typeof history>>> {
  return until("the history to get there", async () => {
    const all = await history();
    return all.times.includes(second) && all;
  });
}

/** Every second from the beginning up to a reading is there once, and together they are what the kernel says. */
async function expectWhole(end: Reading): Promise<void> {
  const last = Math.floor(end.time / 1000);
  const { times, cores } = await historyUntil(last);
  expect(times[0]).toBe(Math.floor(beginning.time / 1000) + 1);
  expect(missingSeconds(times)).toEqual([]);
  const used = cores.slice(0, times.indexOf(last) + 1).reduce<number>((sum, one) => sum + one!, 0);
  const grown = (end.value - beginning.value) / 1e9;
  expect(Math.abs(used / grown - 1)).toBeLessThan(0.005);
}

/** What is stored of the burner between two readings. */
async function stored(from: Reading, to: Reading): Promise<Record<string, number>> {
  const file = join(folder, "history.duckdb");
  const database = await DuckDBInstance.create(file, { access_mode: "READ_ONLY" });
  const connection = await database.connect();
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::INT AS samples, count(DISTINCT time)::INT AS times,
      sum(cpu_cores * interval_ms) / 1000 AS seconds,
      (SELECT count(*) - count(DISTINCT (container, time)) FROM samples)::INT AS twice
    FROM samples JOIN containers ON id = container
    WHERE cgroup = $1 AND epoch_us(time) > $2::BIGINT AND epoch_us(time) <= $3::BIGINT`,
    [burner.path, ...[from, to].map(({ time }) => BigInt(Math.round(time * 1000)))],
  );
  connection.closeSync();
  database.closeSync();
  return reader.getRowObjects()[0] as Record<string, number>;
}

describeWith(["network", "cgroups"], "history without a gap", () => {
  beforeAll(async () => {
    network = await openNetwork(1);
    host = network.hosts[0]!;
    cgroups = await openCgroups();
    burner = await cgroups.create("burner", { cpus: CORES, process: burnCpu });
    folder = await mkdtemp(join(tmpdir(), "plimsoll-cut-"));
    aggregatorListen = `127.0.0.1:${await freePort()}`;
    agent = await startAgent();
    aggregator = await startAggregator();
    await sleep(2000);
    beginning = await newestReading();
  });

  afterAll(async () => {
    for (const program of programs) await program.close();
    await cgroups?.close();
    await network?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("the network may be away for 40 s", async () => {
    await sleep(4000);
    await host.cut();
    const cutAt = Date.now();
    await until("the agent to be missed", async () => (await target()).state === "down");
    await sleep(cutAt + 40_000 - Date.now());
    await host.restore();
    await until("the agent to be back", async () => (await target()).state === "up");
    const end = await until("a sample of after the cut", async () => {
      const reading = await newestReading();
      return reading.time > cutAt + 40_000 && reading;
    });
    await expectWhole(end);
    expect((await target()).gap_seconds).toBe(0);
  });

  test("the aggregator may be killed", async () => {
    await aggregator.kill();
    await sleep(7000);
    aggregator = await startAggregator();
    whole = await newestReading();
    await expectWhole(whole);
    expect((await target()).gap_seconds).toBe(0);
  });

  test("an agent that is started again leaves the time out in which it was away, and no more", async () => {
    const before = (await target()).last_success;
    // What it has measured since it was asked for the last time goes with it.
    await until("it to be asked", async () => (await target()).last_success !== before);
    await agent.close();
    const stoppedAt = Date.now() / 1000;
    await sleep(3000);
    agent = await startAgent();
    const startedAt = Date.now() / 1000;
    const { times } = await historyUntil(Math.floor((await newestReading()).time / 1000));
    const missing = missingSeconds(times);
    expect(missing.length).toBeGreaterThanOrEqual(2);
    expect(missing[0]).toBeGreaterThanOrEqual(Math.floor(stoppedAt) - 1);
    expect(missing.at(-1)).toBeLessThanOrEqual(Math.floor(startedAt));
    const { gap_seconds: told } = await target();
    expect(Math.abs(told - missing.length)).toBeLessThan(1.5);
  });

  test("no sample is stored twice, and all add up to the nanosecond", async () => {
    await aggregator.close();
    const found = await stored(beginning, whole);
    const seconds = Math.round((whole.time - beginning.time) / 1000);
    expect(found).toMatchObject({ samples: seconds, times: seconds, twice: 0 });
    expect(found["seconds"]).toBeCloseTo((whole.value - beginning.value) / 1e9, 6);
  });
});
