/**
 * What the agent costs as the number of cgroups grows, beside a loop that only reads the same files,
 * and beside a cAdvisor if the path of its binary is given:
 *
 *     npm run bench:agent -- [--cgroups 1,50,500,2000] [--busy PERCENT] [--seconds 30] [--cadvisor PATH]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { type Cgroups, openCgroups, type PlainCgroup } from "../test/testbed/cgroups.ts";
import { type Child, startChild } from "../test/testbed/child.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep, until } from "../test/testbed/wait.ts";
import { cadvisor, type Candidate, plimsoll } from "./candidate.ts";
import { readProcessCost } from "./process-cost.ts";
import { scrape } from "./scrape.ts";

const BARE_READS = fileURLToPath(new URL("bare-reads.js", import.meta.url));

/** Until a program has found everything and its memory has settled. */
const SETTLE_MS = 20_000;

const SCRAPES = 15;

/** Runs a little once a second: nothing of such a cgroup can be left unread. */
const BUSY = ["sh", "-c", "while sleep 1; do :; done"];

interface Result {
  readonly program: string;
  readonly cgroups: number;
  readonly "CPU % of a core": string;
  readonly "RSS MB"?: string;
  readonly "scrape median ms"?: string;
  readonly "scrape p99 ms"?: string;
  readonly lines?: number;
  readonly "longest block ms"?: string;
}

async function cpuPercent({ pid }: Child, seconds: number): Promise<string> {
  const before = readProcessCost(pid);
  const start = performance.now();
  await sleep(seconds * 1000);
  const after = readProcessCost(pid);
  const elapsed = (performance.now() - start) / 1000;
  return (((after.cpuSeconds - before.cpuSeconds) / elapsed) * 100).toFixed(2);
}

async function started(candidate: Candidate): Promise<{ child: Child; url: string }> {
  const port = await freePort();
  const child = await candidate.start(port);
  const url = `http://127.0.0.1:${port}/metrics`;
  try {
    const answers = async (): Promise<boolean> => (await fetch(url)).ok;
    await until(`${candidate.name} to answer`, answers, { log: () => child.tail() });
    await sleep(SETTLE_MS);
    return { child, url };
  } catch (error) {
    await child.stop({ timeoutMs: 10_000 });
    throw error;
  }
}

async function measure(candidate: Candidate, cgroups: number, seconds: number): Promise<Result> {
  const { child, url } = await started(candidate);
  try {
    const percent = await cpuPercent(child, seconds);
    const { medianMs, p99Ms, lines } = await scrape(url, SCRAPES);
    return {
      program: candidate.name,
      cgroups,
      "CPU % of a core": percent,
      "RSS MB": (readProcessCost(child.pid).residentBytes / 1e6).toFixed(1),
      "scrape median ms": medianMs.toFixed(1),
      "scrape p99 ms": p99Ms.toFixed(1),
      lines,
    };
  } finally {
    await child.stop({ timeoutMs: 10_000 });
  }
}

/** Measured in a run of its own, as the measuring costs CPU. */
async function longestBlock(): Promise<string> {
  const { child, url } = await started(plimsoll({ watch: true }));
  // The first page has compiled the code.
  child.signal("SIGUSR2");
  await scrape(url, SCRAPES);
  await child.stop({ timeoutMs: 10_000 });
  return /longest block (\S+) ms/.exec(child.stderr())?.[1] ?? "?";
}

/** The files that are read of a cgroup that stands still. */
function filesOf(version: 1 | 2, cgroup: PlainCgroup): { each: string[]; fifth: string[] } {
  const file = (controller: string, name: string): string => join(cgroup.folder(controller), name);
  const fifth = [file("memory", "memory.stat")];
  if (version === 2) {
    const each = [
      file("cpu", "cpu.stat"),
      file("memory", "memory.current"),
      file("pids", "pids.current"),
      file("io", "io.stat"),
      file("cpu", "cpu.pressure"),
    ];
    return { each, fifth };
  }
  const each = [
    file("cpuacct", "cpuacct.usage"),
    file("memory", "memory.usage_in_bytes"),
    file("pids", "pids.current"),
  ];
  return { each, fifth };
}

async function measureBareReads(
  version: 1 | 2,
  made: readonly PlainCgroup[],
  seconds: number,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
  const lists = made.map((cgroup) => filesOf(version, cgroup));
  const path = join(folder, "files.json");
  const each = lists.flatMap((list) => list.each);
  writeFileSync(path, JSON.stringify({ each, fifth: lists.flatMap((list) => list.fifth) }));
  const child = await startChild({ command: process.execPath, args: [BARE_READS, path] });
  try {
    await sleep(SETTLE_MS / 4);
    const percent = await cpuPercent(child, seconds);
    return { program: "bare reads", cgroups: made.length, "CPU % of a core": percent };
  } finally {
    await child.stop({ timeoutMs: 10_000 });
    rmSync(folder, { recursive: true });
  }
}

interface Asked {
  readonly counts: readonly number[];
  readonly busy: number;
  readonly seconds: number;
  readonly cadvisor: string | undefined;
}

async function run(cgroups: Cgroups, asked: Asked): Promise<Result[]> {
  const results: Result[] = [];
  const made: PlainCgroup[] = [];
  for (const count of asked.counts) {
    for (let at = made.length; at < count; at++) {
      const isBusy = at % 100 < asked.busy;
      made.push(await cgroups.create(`c${at}`, { process: isBusy ? BUSY : true }));
    }
    console.error(`measuring plimsoll at ${count} cgroups`);
    const ours = await measure(plimsoll(), count, asked.seconds);
    results.push({ ...ours, "longest block ms": await longestBlock() });
    results.push(await measureBareReads(cgroups.version, made, asked.seconds));
    if (asked.cadvisor === undefined) continue;
    console.error(`measuring cadvisor at ${count} cgroups`);
    results.push(await measure(cadvisor(asked.cadvisor), count, asked.seconds));
  }
  return results;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cgroups: { type: "string", default: "1,50,500" },
      busy: { type: "string", default: "0" },
      seconds: { type: "string", default: "30" },
      cadvisor: { type: "string" },
    },
  });
  const cgroups = await openCgroups();
  try {
    const results = await run(cgroups, {
      counts: values.cgroups.split(",").map(Number),
      busy: Number(values.busy),
      seconds: Number(values.seconds),
      cadvisor: values.cadvisor,
    });
    console.table(results);
  } finally {
    await cgroups.close();
  }
  if (values.cadvisor === undefined) console.log("cadvisor: not measured (give --cadvisor PATH)");
}

await main();
