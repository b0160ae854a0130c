/**
 * Whether the agent's memory stays flat while containers come and go: real containers with labels
 * of their own, and plain cgroups, one of each replaced again and again, a scrape every 15 s.
 *
 *     npm run bench:churn -- [--minutes 60] [--containers 60] [--cgroups 440]
 */
import { parseArgs } from "node:util";

import { type Cgroups, openCgroups, type PlainCgroup } from "../test/testbed/cgroups.ts";
import type { Container } from "../test/testbed/container.ts";
import { type Engine, startDocker } from "../test/testbed/docker.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep, until } from "../test/testbed/wait.ts";
import { plimsoll } from "./candidate.ts";
import { readProcessCost } from "./process-cost.ts";

const SCRAPE_MS = 15_000;
const REPLACE_MS = 2000;
const REPORT_MS = 60_000;

/** What is there now, oldest first. */
interface Load {
  readonly engine: Engine;
  readonly cgroups: Cgroups;
  readonly containers: Container[];
  readonly plain: PlainCgroup[];
  made: number;
}

async function add(load: Load, kind: "container" | "cgroup"): Promise<void> {
  const number = load.made++;
  if (kind === "cgroup") {
    load.plain.push(await load.cgroups.create(`churn-${number}`, { process: true }));
    return;
  }
  const labels = {
    "com.docker.compose.project": `project-${number % 50}`,
    "com.docker.compose.service": `service-${number}`,
    [`label-${number}`]: "x".repeat(200),
  };
  const cmd = ["sleep", "100000"];
  load.containers.push(await load.engine.run({ name: `churn-${number}`, cmd, labels }));
}

async function replaceOne(load: Load): Promise<void> {
  await load.containers.shift()?.remove();
  await add(load, "container");
  await load.plain.shift()?.remove();
  await add(load, "cgroup");
}

/** Does something again and again until it is told to stop; what is under way is waited for. */
function every(milliseconds: number, work: () => Promise<void>): () => Promise<void> {
  const stop = new AbortController();
  const running = (async () => {
    while (!stop.signal.aborted) {
      await work();
      await sleep(milliseconds);
    }
  })();
  return async () => {
    stop.abort();
    await running;
  };
}

async function watch(load: Load, minutes: number): Promise<void> {
  const port = await freePort();
  // Only what is made here: other cgroups of the machine come and go as they like.
  const args = ["--containers-only", "--cgroups-include", load.cgroups.parent];
  const child = await plimsoll({ docker: load.engine.host, args }).start(port);
  const url = `http://127.0.0.1:${port}/metrics`;
  const answers = async (): Promise<boolean> => (await fetch(url)).ok;
  await until("the agent to answer", answers, { log: () => child.tail() });
  let bytes = 0;
  const ends = [
    every(REPLACE_MS, () => replaceOne(load)),
    every(SCRAPE_MS, async () => {
      bytes = (await (await fetch(url)).text()).length;
    }),
  ];
  try {
    for (let minute = 1; minute <= minutes; minute++) {
      await sleep(REPORT_MS);
      const { residentBytes, cpuSeconds } = readProcessCost(child.pid);
      const megabytes = (residentBytes / 1e6).toFixed(1);
      console.log(
        `minute ${minute}: RSS ${megabytes} MB, page ${(bytes / 1e6).toFixed(2)} MB, CPU ${cpuSeconds.toFixed(1)} s, replaced ${load.made}`,
      );
    }
  } finally {
    await Promise.all(ends.map((end) => end()));
    await child.stop({ timeoutMs: 10_000 });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "60" },
      containers: { type: "string", default: "60" },
      cgroups: { type: "string", default: "440" },
    },
  });
  const engine = await startDocker();
  const cgroups = await openCgroups();
  const load: Load = { engine, cgroups, containers: [], plain: [], made: 0 };
  try {
    for (let at = 0; at < Number(values.containers); at++) await add(load, "container");
    for (let at = 0; at < Number(values.cgroups); at++) await add(load, "cgroup");
    await watch(load, Number(values.minutes));
  } finally {
    await cgroups.close();
    await engine.close();
  }
}

await main();
