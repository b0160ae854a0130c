/**
 * What the agent costs at 10, 100 and 500 cgroups, beside a cAdvisor if the path of its binary is
 * given:
 *
 *     npm run bench:agent -- [--cgroups 10,100,500] [--seconds 30] [--cadvisor PATH]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { openCgroups } from "../test/testbed/cgroups.ts";
import { type Child, startChild } from "../test/testbed/child.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep, until } from "../test/testbed/wait.ts";
import { readProcessCost } from "./process-cost.ts";
import { scrape } from "./scrape.ts";

const CLI = fileURLToPath(new URL("../cli.js", import.meta.url));

/** Until a program has found everything and its memory has settled. */
const SETTLE_MS = 20_000;

const SCRAPES = 15;

/** A program to be measured. */
interface Candidate {
  readonly name: string;
  start(port: number): Promise<Child>;
}

interface Result {
  readonly program: string;
  readonly cgroups: number;
  readonly "CPU % of a core": string;
  readonly "RSS MB": string;
  readonly "scrape median ms": string;
  readonly "scrape p99 ms": string;
  readonly lines: number;
  readonly "delay ms": string;
}

function plimsoll(): Candidate {
  return {
    name: "plimsoll",
    start: (port) =>
      startChild({
        command: process.execPath,
        args: [CLI, "agent", "--listen", `127.0.0.1:${port}`, "--docker-host", "/nowhere.sock"],
      }),
  };
}

function cadvisor(path: string): Candidate {
  return {
    name: "cadvisor",
    start: (port) =>
      startChild({
        command: path,
        args: [
          `--port=${port}`,
          "--listen_ip=127.0.0.1",
          "--housekeeping_interval=1s",
          "--allow_dynamic_housekeeping=false",
          "--logtostderr",
        ],
      }),
  };
}

/** How late the agent began its last pass, from its own metrics. */
function delayOf(text: string): string {
  const seconds = /^plimsoll_agent_sampling_delay_seconds (\S+)$/m.exec(text)?.[1];
  return seconds === undefined ? "–" : (Number(seconds) * 1000).toFixed(1);
}

async function measure(candidate: Candidate, cgroups: number, seconds: number): Promise<Result> {
  const port = await freePort();
  const child = await candidate.start(port);
  try {
    const url = `http://127.0.0.1:${port}/metrics`;
    await until(`${candidate.name} to answer`, async () => (await fetch(url)).ok, {
      log: () => child.tail(),
    });
    await sleep(SETTLE_MS);
    const before = readProcessCost(child.pid);
    const start = performance.now();
    await sleep(seconds * 1000);
    const after = readProcessCost(child.pid);
    const elapsed = (performance.now() - start) / 1000;
    const { medianMs, p99Ms, lines, text } = await scrape(url, SCRAPES);
    return {
      program: candidate.name,
      cgroups,
      "CPU % of a core": (((after.cpuSeconds - before.cpuSeconds) / elapsed) * 100).toFixed(2),
      "RSS MB": (readProcessCost(child.pid).residentBytes / 1e6).toFixed(1),
      "scrape median ms": medianMs.toFixed(1),
      "scrape p99 ms": p99Ms.toFixed(1),
      lines,
      "delay ms": delayOf(text),
    };
  } finally {
    await child.stop({ timeoutMs: 10_000 });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cgroups: { type: "string", default: "10,100,500" },
      seconds: { type: "string", default: "30" },
      cadvisor: { type: "string" },
    },
  });
  const candidates = [plimsoll()];
  if (values.cadvisor !== undefined) candidates.push(cadvisor(values.cadvisor));
  const cgroups = await openCgroups();
  const results: Result[] = [];
  try {
    let made = 0;
    for (const count of values.cgroups.split(",").map(Number)) {
      for (; made < count; made++) await cgroups.create(`c${made}`, { process: true });
      for (const candidate of candidates) {
        console.error(`measuring ${candidate.name} at ${count} cgroups`);
        results.push(await measure(candidate, count, Number(values.seconds)));
      }
    }
  } finally {
    await cgroups.close();
  }
  console.table(results);
  if (values.cadvisor === undefined) console.log("cadvisor: not measured (give --cadvisor PATH)");
}

await main();
