/**
 * What following an engine costs it while nothing changes: the calls that the agent makes, counted by a
 * proxy before the engine's socket, and the CPU time of dockerd and containerd without and with it.
 * Starts an engine of its own with containers that sleep:
 *
 *     npm run bench:quiet-engines -- [--containers 100] [--seconds 180]
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { type Engine, startDocker } from "../test/testbed/docker.ts";
import { freePort } from "../test/testbed/port.ts";
import { type RecordingProxy, startRecordingProxy } from "../test/testbed/recording-proxy.ts";
import { sleep } from "../test/testbed/wait.ts";
import { plimsoll } from "./candidate.ts";
import { readProcessCost } from "./process-cost.ts";

/** For what starting the containers, and following them, has set going. */
const SETTLE_MS = 20_000;

const COMMAND = ["sleep", "100000"];

const ID = /[0-9a-f]{64}/;

interface Cost {
  readonly agent: string;
  readonly "dockerd CPU ms/min": string;
  readonly "containerd CPU ms/min": string;
  readonly "calls/min"?: string;
}

/** The process of an engine's containerd: the one that is started with its configuration. */
function containerdOf({ folder }: Engine): number {
  const file = `${folder}/containerd.toml`;
  const pid = readdirSync("/proc").find((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").includes(file);
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error(`cannot find the containerd of ${folder}`);
  return Number(pid);
}

/** CPU time that both use in so many seconds. */
async function measure(agent: string, engine: Engine, seconds: number): Promise<Cost> {
  const pids = [engine.pid(), containerdOf(engine)];
  const used = (): number[] => pids.map((pid) => readProcessCost(pid).cpuSeconds * 1000);
  const before = used();
  await sleep(seconds * 1000);
  const [dockerd = "", containerd = ""] = used().map((after, at) =>
    (((after - (before[at] ?? 0)) / seconds) * 60).toFixed(0),
  );
  return { agent, "dockerd CPU ms/min": dockerd, "containerd CPU ms/min": containerd };
}

/** How often which call was made, the ids left out. */
function countCalls(proxy: RecordingProxy): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const call of proxy.calls()) {
    const kind = call.replace(ID, "{id}");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

async function withAgent(engine: Engine, seconds: number): Promise<Cost> {
  const proxy = await startRecordingProxy(engine.socket, () => true);
  const child = await plimsoll({ docker: `unix://${proxy.socket}` }).start(await freePort());
  try {
    await sleep(SETTLE_MS);
    console.error("calls until all was known:", countCalls(proxy));
    proxy.forget();
    const cost = await measure("with", engine, seconds);
    console.error("calls while nothing changed:", countCalls(proxy));
    return { ...cost, "calls/min": ((proxy.calls().length / seconds) * 60).toFixed(1) };
  } finally {
    await child.stop({ timeoutMs: 10_000 });
    await proxy.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      containers: { type: "string", default: "100" },
      seconds: { type: "string", default: "180" },
    },
  });
  const seconds = Number(values.seconds);
  const engine = await startDocker();
  try {
    for (let at = 0; at < Number(values.containers); at++) {
      await engine.run({ name: `quiet-${at}`, cmd: COMMAND });
      if (at % 25 === 24) console.error(`${at + 1} containers`);
    }
    await sleep(SETTLE_MS);
    const costs = [await measure("without", engine, seconds), await withAgent(engine, seconds)];
    console.table(costs);
  } finally {
    await engine.close();
  }
}

await main();
