import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Event } from "../../wire/events/event.ts";
import type { LevelAnswer } from "../../wire/stats/level-row.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { type StartedAgent, startAgent } from "./start-agent.ts";

let engine: Engine;
let agent: StartedAgent;
let aggregator: Program;
let url: string;
let folder: string;

async function startAggregator(): Promise<void> {
  // Both roles of one manager, as is usual: it is listened to once.
  const roles = ["tasks", "nodes"].map((role) => ({
    job_name: role,
    dockerswarm_sd_configs: [{ host: engine.host, role, refresh_interval: "1s" }],
    relabel_configs: [{ action: "drop", source_labels: [], regex: ".*" }],
  }));
  const config = join(folder, "aggregator.json");
  await writeFile(config, JSON.stringify({ scrape_configs: roles }));
  aggregator = await startProgram([
    "aggregator",
    `--listen=${url.slice("http://".length)}`,
    `--agents=${agent.url}`,
    "--scrape-interval=1s",
    "--history-kind=none",
    `--events-dir=${folder}/cluster`,
    `--config=${config}`,
  ]);
  await aggregator.ready(`${url}/healthz`, 60_000);
}

async function events(query: string): Promise<Event[]> {
  const answer = await ask(`${url}/events?limit=10000&${query}`);
  return (JSON.parse(answer) as { events: Event[] }).events;
}

/** What was told of a service: its type, and from what to what. */
async function told(service: string): Promise<string[]> {
  const found = await events(
    `type=service_scaled,rollout_finished,task_rescheduled&group=service:${service}`,
  );
  return found.map(({ type, details: { from = "", to = "" } }) => `${type} ${from} ${to}`.trim());
}

async function update(name: string, change: object): Promise<void> {
  const service = engine.api.getService(name);
  const { Spec, Version } = await service.inspect();
  await service.update({ ...Spec, ...change, version: Number.parseInt(Version.Index, 10) });
}

const scale = (name: string, replicas: number): Promise<void> =>
  update(name, { Mode: { Replicated: { Replicas: replicas } } });

async function start(name: string): Promise<void> {
  await engine.api.createService({
    Name: name,
    TaskTemplate: { ContainerSpec: { Image: "busybox:1", Command: ["sleep", "1000"] } },
    Mode: { Replicated: { Replicas: 1 } },
  });
}

async function expectTold(service: string, lines: readonly string[]): Promise<void> {
  await until(`${lines.length} events`, async () => (await told(service)).length >= lines.length, {
    timeoutMs: 60_000,
    log: () => aggregator.stderr(),
  });
  expect(await told(service)).toEqual(lines);
}

/** The containers of a service that an agent measures. */
async function counted(service: string, count: number): Promise<void> {
  let found: number | undefined;
  const isCounted = async (): Promise<boolean> => {
    const answer = JSON.parse(await ask(`${url}/stats?level=service`)) as LevelAnswer;
    found = answer.rows.find(({ name }) => name === service)?.containers ?? 0;
    return found === count;
  };
  try {
    const log = (): string => aggregator.stderr();
    await until(`${count} containers`, isCounted, { timeoutMs: 60_000, log });
  } catch (cause) {
    const tasks = (await engine.api.listTasks()).map(({ Status }) => Status?.State).join(", ");
    const running = (await engine.api.listContainers()).map(({ Names }) => Names[0]).join(", ");
    throw new Error(`${found} containers; tasks: ${tasks}; running: ${running}`, { cause });
  }
}

describeWith(["docker"], "what a swarm's manager tells", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    await engine.api.swarmInit({
      ListenAddr: "127.0.0.1:2377",
      AdvertiseAddr: "127.0.0.1",
      ForceNewCluster: false,
    });
    agent = await startAgent(`--docker-host=${engine.host}`);
    folder = agent.program.folder;
    url = `http://127.0.0.1:${await freePort()}`;
    await start("web");
    await startAggregator();
    await until("the node", async () => (await events("type=node_up")).length > 0);
  }, 120_000);

  afterAll(async () => {
    await aggregator?.close();
    await agent?.program.close();
    await engine?.close();
  });

  test("a service that is scaled from 1 to 5 and to 2 is seen as such, once", async () => {
    await counted("web", 1);
    await scale("web", 5);
    // A swarm that is told the second number before it has taken up the first may stay with that.
    await counted("web", 5);
    await scale("web", 2);
    await expectTold("web", ["service_scaled 1 5", "service_scaled 5 2"]);
    await counted("web", 2);
  }, 120_000);

  test("so is one that is made, updated and removed", async () => {
    await start("shop");
    await expectTold("shop", ["service_scaled 0 1"]);
    await counted("shop", 1);
    const { Spec } = await engine.api.getService("shop").inspect();
    const { ContainerSpec } = Spec.TaskTemplate;
    await update("shop", {
      TaskTemplate: { ...Spec.TaskTemplate, ContainerSpec: { ...ContainerSpec, Env: ["A=1"] } },
    });
    await expectTold("shop", ["service_scaled 0 1", "rollout_finished"]);
    await engine.api.getService("shop").remove();
    const all = ["service_scaled 0 1", "rollout_finished", "service_scaled 1 0"];
    await expectTold("shop", all);
    // What was noticed from containers would have been told by now.
    await counted("shop", 0);
    expect(await told("web")).toEqual(["service_scaled 1 5", "service_scaled 5 2"]);
  }, 180_000);

  test("what happened while the aggregator was away is told afterwards", async () => {
    await aggregator.kill();
    await scale("web", 3);
    await startAggregator();
    await expectTold("web", ["service_scaled 1 5", "service_scaled 5 2", "service_scaled 2 3"]);
    await engine.die();
    await engine.revive();
    await until("the manager", async () => (await engine.api.listServices()).length === 1);
    await scale("web", 1);
    await until("the last of it", async () => (await told("web")).at(-1) === "service_scaled 3 1", {
      timeoutMs: 60_000,
      log: () => aggregator.stderr(),
    });
    expect((await told("web")).filter((line) => line === "service_scaled 2 3")).toHaveLength(1);
  }, 180_000);
});
