import { afterAll, beforeAll, expect, test } from "vitest";

import type { Event, EventType } from "../../wire/events/event.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { openRunFolder } from "../testbed/run-folder.ts";
import { until } from "../testbed/wait.ts";
import { ask } from "./ask.ts";
import { type StartedAgent, startAgent } from "./start-agent.ts";

let engine: Engine;
let agent: StartedAgent;
let settings: string[];
let removeFolder: () => Promise<void>;

async function events(query: string): Promise<Event[]> {
  const answer = await ask(`${agent.url}/events?limit=10000&${query}`);
  return (JSON.parse(answer) as { events: Event[] }).events;
}

async function told(container: string, type: EventType, more = ""): Promise<Event> {
  const find = async (): Promise<Event | undefined> =>
    (await events(`container=${container}&type=${type}${more}`))[0];
  return until(`${type} of ${container}`, find, {
    timeoutMs: 60_000,
    log: () => agent.program.stderr(),
  });
}

/** What the window shows of a container's memory, each second of it, the oldest first. */
async function memoryOf(container: string): Promise<number[]> {
  const answer = await ask(`${agent.url}/stats/${container}?step=1s`);
  const { containers } = JSON.parse(answer) as { containers: ContainerStats[] };
  const { max = [] } = containers[0]?.series?.values["memory_usage_bytes"] ?? {};
  return max.filter((value) => value !== null);
}

describeWith(["docker"], "events that come of samples", () => {
  beforeAll(async () => {
    engine = await startDocker();
    const run = await openRunFolder();
    removeFolder = async () => (await import("../testbed/leftovers.ts")).removeRun(run.name);
    settings = [
      `--docker-host=${engine.host}`,
      `--events-dir=${run.path}/events`,
      "--events-throttled-ratio=0.3",
    ];
    agent = await startAgent(...settings);
  });

  afterAll(async () => {
    await agent?.program.close();
    await engine?.close();
    await removeFolder?.();
  });

  test("throttling begins and ends once each", async () => {
    const burn = "timeout 20 sh -c 'while :; do :; done'; sleep 10000";
    await engine.run({ name: "held", cmd: ["sh", "-c", burn], cpus: 0.1 });
    const began = await told("held", "throttling_began");
    const ended = await told("held", "throttling_ended");
    expect(began.details).toMatchObject({ resource: "cpu", threshold: 0.3 });
    expect(began.details.ratio).toBeGreaterThanOrEqual(0.3);
    expect(ended.details.ratio).toBeLessThan(0.3 * 0.8);
    const seconds = Date.parse(ended.time) - Date.parse(began.time);
    expect(Math.abs(seconds / 1000 - (ended.details.seconds ?? Number.NaN))).toBeLessThan(1);
    const all = await events("container=held&type=throttling_began,throttling_ended");
    expect(all).toHaveLength(2);
  }, 120_000);

  test("the minute before an end is what the window had", async () => {
    const script = "x=$(head -c 3000000 /dev/zero | tr '\\0' x); sleep 10000";
    const { id, api } = await engine.run({ name: "watched", cmd: ["sh", "-c", script] });
    const shown = await until("some samples", async () => {
      const memory = await memoryOf("watched");
      return memory.length >= 4 && memory;
    });
    expect(Math.min(...shown)).toBeGreaterThan(0);
    await api.remove({ force: true });
    const { moments } = await told(id, "died", "&moments=true");
    const frozen = [...(moments?.values["memory_usage_bytes"] ?? [])];
    // Each in its turn, to the byte; of two samples within a second only one is shown.
    for (const value of shown) {
      const at = frozen.indexOf(value);
      expect(at, `${value} among ${String(frozen)}`).toBeGreaterThanOrEqual(0);
      frozen.splice(0, at + 1);
    }
    // Nobody who has not asked for it gets it.
    expect((await told(id, "died")).moments).toBeUndefined();
    await agent.program.kill();
    agent = await startAgent(...settings);
    expect((await told(id, "died", "&moments=true")).moments).toEqual(moments);
  }, 120_000);

  test("one that lived for less than a second has what there is, or nothing", async () => {
    const { id, api } = await engine.run({ name: "short", cmd: ["true"] });
    const { moments } = await told(id, "died", "&moments=true");
    expect(moments?.times.length ?? 0).toBeLessThan(5);
    await api.remove();
  });
});
