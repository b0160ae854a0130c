/**
 * What measuring costs a host in all: the agent, and the work that it gives Docker and containerd.
 * Starts an engine of its own with real containers; without an agent, with ours, and with a cAdvisor
 * if the path of its binary is given:
 *
 *     npm run bench:engine -- [--containers 100] [--seconds 60] [--cadvisor PATH]
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import type { Child } from "../test/testbed/child.ts";
import { type Engine, startDocker } from "../test/testbed/docker.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep } from "../test/testbed/wait.ts";
import { cadvisor, type Candidate, plimsoll } from "./candidate.ts";
import { readProcessCost } from "./process-cost.ts";
import { scrape } from "./scrape.ts";

const SETTLE_MS = 20_000;

/** Works a little once a second, as most services do. */
const COMMAND = ["sh", "-c", "while sleep 1; do :; done"];

interface Result {
  readonly program: string;
  readonly "its CPU %": string;
  readonly "Docker's CPU %": string;
  readonly "together %": string;
  readonly "RSS MB"?: string;
  readonly "scrape median ms"?: string;
  readonly "scrape p99 ms"?: string;
  readonly lines?: number;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** dockerd, containerd and the shims of an engine: all of them name its folder. */
function engineProcesses({ folder }: Engine): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(folder))
    .map(Number);
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readProcessCost(pid).cpuSeconds, 0);
}

async function measure(
  engine: Engine,
  candidate: Candidate | undefined,
  seconds: number,
): Promise<Result> {
  const port = await freePort();
  const child: Child | undefined = await candidate?.start(port);
  try {
    await sleep(SETTLE_MS);
    const [theirs, ours] = [engineProcesses(engine), child === undefined ? [] : [child.pid]];
    const before = [cpuOf(ours), cpuOf(theirs)] as const;
    const start = performance.now();
    await sleep(seconds * 1000);
    const elapsed = (performance.now() - start) / 1000;
    const own = ((cpuOf(ours) - before[0]) / elapsed) * 100;
    const engines = ((cpuOf(theirs) - before[1]) / elapsed) * 100;
    const result = {
      program: candidate?.name ?? "none",
      "its CPU %": own.toFixed(2),
      "Docker's CPU %": engines.toFixed(2),
      "together %": (own + engines).toFixed(2),
    };
    if (child === undefined) return result;
    const { medianMs, p99Ms, lines } = await scrape(`http://127.0.0.1:${port}/metrics`, 15);
    return {
      ...result,
      "RSS MB": (readProcessCost(child.pid).residentBytes / 1e6).toFixed(1),
      "scrape median ms": medianMs.toFixed(1),
      "scrape p99 ms": p99Ms.toFixed(1),
      lines,
    };
  } finally {
    await child?.stop({ timeoutMs: 10_000 });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      containers: { type: "string", default: "100" },
      seconds: { type: "string", default: "60" },
      cadvisor: { type: "string" },
    },
  });
  const engine = await startDocker();
  const results: Result[] = [];
  try {
    for (let at = 0; at < Number(values.containers); at++) {
      await engine.run({ name: `bench-${at}`, cmd: COMMAND });
      if (at % 25 === 24) console.error(`${at + 1} containers`);
    }
    const candidates = [undefined, plimsoll({ docker: engine.host })];
    if (values.cadvisor !== undefined) {
      candidates.push(cadvisor(values.cadvisor, { docker: engine.host }));
    }
    for (const candidate of candidates) {
      console.error(`measuring ${candidate?.name ?? "the engine alone"}`);
      results.push(await measure(engine, candidate, Number(values.seconds)));
    }
  } finally {
    await engine.close();
  }
  console.table(results);
}

await main();
