/**
 * What the aggregator costs as the number of nodes grows: a simulated fleet, made of the recorded
 * feed of a real agent, is scraped every 15 s over the loopback network, its history on disk:
 *
 *     npm run bench:fleet -- [--nodes 100,1000] [--containers 30] [--seconds 60] [--history none]
 *                            [--recording FILE] [--profile DIR]
 *
 * Without a recording one is made first, which takes Docker and a minute.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { startChild } from "../test/testbed/child.ts";
import { freePort } from "../test/testbed/port.ts";
import { sleep, until } from "../test/testbed/wait.ts";
import { measureFleet, type Measured } from "./fleet-measure.ts";
import { record } from "./fleet-recording.ts";

const CLI = fileURLToPath(new URL("../cli.js", import.meta.url));
const AGENTS = fileURLToPath(new URL("fleet-agents.js", import.meta.url));
const LOOP_DELAY = new URL("loop-delay.js", import.meta.url).href;

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "100,1000" },
    containers: { type: "string", default: "30" },
    seconds: { type: "string", default: "60" },
    history: { type: "string", default: "duckdb" },
    recording: { type: "string" },
    profile: { type: "string" },
    set: { type: "string", multiple: true, default: [] },
  },
});

function agentUrl(node: number, port: number): string {
  return `http://127.0.1.${1 + (node % 64)}:${port}/n${node}`;
}

/** JSON is YAML. */
function configuration(folder: string, nodes: number, agents: number, port: number): string {
  const path = join(folder, "fleet.yaml");
  const settings = {
    listen: `127.0.0.1:${port}`,
    agents: Array.from({ length: nodes }, (_, node) => agentUrl(node, agents)),
    "history.kind": values.history,
    "history.dir": join(folder, "history"),
  };
  writeFileSync(path, JSON.stringify(settings));
  return path;
}

async function run(nodes: number, recording: string): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-fleet-"));
  const [agents, port] = [await freePort(), await freePort()];
  const fleet = await startChild({
    command: process.execPath,
    args: [AGENTS, recording, values.containers, String(agents)],
  });
  const profile =
    values.profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", values.profile];
  const config = configuration(folder, nodes, agents, port);
  await until("the fleet to answer", async () => {
    return (await fetch(`${agentUrl(0, agents)}/stats/feed`)).ok;
  });
  const aggregator = await startChild({
    command: process.execPath,
    args: [
      ...profile,
      "--import",
      LOOP_DELAY,
      CLI,
      "aggregator",
      "--config",
      config,
      ...values.set,
    ],
  });
  try {
    const base = `http://127.0.0.1:${port}`;
    const ready = async (): Promise<boolean> => (await fetch(`${base}/metrics`)).ok;
    await until("the aggregator to answer", ready, { log: () => aggregator.tail() });
    return await measureFleet({ aggregator, fleet, base, nodes, folder }, Number(values.seconds));
  } finally {
    await aggregator.stop({ timeoutMs: 60_000 });
    console.error(aggregator.tail(5));
    await fleet.stop({ timeoutMs: 10_000 });
    rmSync(folder, { recursive: true });
  }
}

const recording = values.recording ?? join(mkdtempSync(join(tmpdir(), "plimsoll-feed-")), "feed");
if (!existsSync(recording)) {
  console.error("recording a minute of a real agent");
  await record(recording);
}
const results: Measured[] = [];
for (const nodes of values.nodes.split(",").map(Number)) {
  console.error(`measuring ${nodes} nodes of ${values.containers} containers`);
  results.push(await run(nodes, recording));
  await sleep(1000);
}
console.table(results);
