import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, askContainer, askStats, seriesValue } from "./ask.ts";
import { askFeed } from "./feed.ts";
import { missingSeconds } from "./seconds.ts";
import { startAgent } from "./start-agent.ts";

const SLEEP = ["sleep", "1000"];

let engine: Engine;
let program: Program;
let agent: string;
let folder: string;

/** What the agent shows of this engine's cgroups. */
async function shown(): Promise<ContainerStats[]> {
  const { containers } = await askStats(`${agent}/stats`);
  return containers.filter(({ id }) => id.startsWith(`${engine.cgroupParent}/`));
}

/** Names of the running containers as the engine tells them. */
async function running(): Promise<string[]> {
  const containers = await engine.api.listContainers();
  return containers.map(({ Names }) => Names[0]!.slice(1)).toSorted();
}

/** The agent shows what runs, each once and by its name. */
async function expectAgreement(): Promise<void> {
  await until("agent and engine to agree", async () => {
    const names = (await shown()).map(({ name, runtime }) => `${runtime ?? "nobody's"} ${name}`);
    const expected = (await running()).map((name) => `docker ${name}`);
    return JSON.stringify(names.toSorted()) === JSON.stringify(expected);
  });
}

async function runtimeState(state: string): Promise<number | undefined> {
  const page = await ask(`${agent}/metrics`);
  return seriesValue(page, "plimsoll_agent_runtime_state", [`state="${state}"`]);
}

async function failures(reason: string): Promise<number> {
  const page = await ask(`${agent}/metrics`);
  const labels = ['runtime="docker"', `reason="${reason}"`];
  return seriesValue(page, "plimsoll_agent_runtime_failures_total", labels) ?? 0;
}

/** The seconds of which the agent keeps a sample of a cgroup. */
async function sampledSeconds(cgroup: string): Promise<readonly number[]> {
  const url = `${agent}/stats/${encodeURIComponent(cgroup)}?metrics=processes&stat=avg&step=1s`;
  return (await askStats(url)).containers[0]?.series?.times ?? [];
}

describeWith(["docker"], "an agent beside a Docker engine", () => {
  let first: Container;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plimsoll-engine-"));
    engine = await startDocker();
    first = await engine.run({ name: "first", cmd: SLEEP });
    ({ program, url: agent } = await startAgent(`--docker-host=unix://${folder}/docker.sock`));
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("shows plain cgroups while the socket is missing", async () => {
    const [plain] = await shown();
    expect(plain?.id).toBe(`${engine.cgroupParent}/${first.id}`);
    expect(plain?.name).toBe(plain?.id);
    expect(plain).not.toHaveProperty("runtime");
    expect(await runtimeState("absent")).toBe(1);
  });

  test("names them as soon as the socket is there", async () => {
    await symlink(engine.socket, join(folder, "docker.sock"));
    const named = async (): Promise<boolean> => (await askContainer(agent, "first")) !== undefined;
    await until("its name", named, { timeoutMs: 5000, log: () => program.stderr() });
    expect(await runtimeState("connected")).toBe(1);
    await expectAgreement();
  });

  test("sees within a second what happens to a container", async () => {
    const told = new Map<string, number>();
    const events = await engine.api.getEvents({ filters: { type: ["container"] } });
    createInterface({ input: events }).on("line", (line) => {
      const { Action, timeNano } = JSON.parse(line) as { Action: string; timeNano: number };
      told.set(Action, timeNano / 1e6);
    });
    const seen = async (action: string, isSeen: () => Promise<boolean>): Promise<void> => {
      await until(`${action} to be seen`, isSeen, { everyMs: 10, timeoutMs: 5000 });
      const now = Date.now();
      const at = await until("the engine's own word", () => told.get(action));
      expect(now - at, action).toBeLessThan(1000);
      told.clear();
    };
    try {
      await liveOnce(seen);
    } finally {
      (events as NodeJS.ReadableStream & { destroy(): void }).destroy();
    }
  });

  test("agrees with the engine after 20 s of coming and going", async () => {
    const { ended, left } = await comeAndGo(20_000);

    await expectAgreement();
    const ids = (await shown()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ended.length).toBeGreaterThan(10);
    // No assertion must leave them to the next test.
    await Promise.all(left.map((container) => container.remove()));
    // Whoever reads the feed only now still learns of every one of them.
    const { lines } = await askFeed(agent);
    const gone = lines.filter((line) => line.gone !== undefined).map(({ id }) => id);
    expect(ended.filter((id) => !gone.includes(id))).toEqual([]);
    expect(missingSeconds(await sampledSeconds("/"))).toEqual([]);
    await expectAgreement();
  });

  test("goes on while the engine hangs", async () => {
    await engine.freeze();
    const frozenAt = Date.now();
    try {
      // It is noticed when it owes the next list.
      const isNoticed = async (): Promise<boolean> => (await failures("timeout")) > 0;
      await until("the failure to be counted", isNoticed, { timeoutMs: 100_000, everyMs: 500 });
      expect(await runtimeState("failing")).toBe(1);
      expect((await shown()).map(({ name }) => name)).toEqual(["first"]);
      const seconds = await sampledSeconds(`${engine.cgroupParent}/${first.id}`);
      expect(missingSeconds(seconds)).toEqual([]);
      expect(seconds.at(-1)! * 1000 - frozenAt).toBeGreaterThan(5000);
    } finally {
      engine.thaw();
    }
    await connected();
    await engine.run({ name: "after-thaw", cmd: SLEEP });
    await expectAgreement();
  }, 180_000);

  test("finds the engine again after it died", async () => {
    const always = await runAlways("always");
    const startOf = async (): Promise<string | undefined> =>
      (await askContainer(agent, "always"))?.started_at;
    const before = await until("its start", startOf);
    const names = async (): Promise<string[]> => (await shown()).map(({ name }) => name).toSorted();
    const all = await names();
    expect(all).toContain("always");
    await engine.die();
    await until("the failure to be counted", async () => (await failures("econnrefused")) > 0);
    expect(await names()).toEqual(all);

    // It ends what it finds, and starts this one again, under the same id.
    await engine.revive();
    await connected();
    await engine.run({ name: "after-death", cmd: SLEEP });
    await expectAgreement();
    const { State } = await engine.api.getContainer(always).inspect();
    expect(State.StartedAt > before).toBe(true);
    await until("the new start", async () => (await startOf()) === State.StartedAt);
  });
});

async function connected(): Promise<void> {
  const isConnected = async (): Promise<boolean> => (await runtimeState("connected")) === 1;
  await until("the engine to be followed again", isConnected, { log: () => program.stderr() });
}

/** Starts a container, changes what can be changed of it and removes it; `seen` waits for each. */
async function liveOnce(
  seen: (action: string, isSeen: () => Promise<boolean>) => Promise<void>,
): Promise<void> {
  const isThere = (name: string) => async (): Promise<boolean> =>
    (await askContainer(agent, name)) !== undefined;
  const isAway = (name: string) => async (): Promise<boolean> => !(await isThere(name)());

  const container = await engine.run({ name: "one", cmd: SLEEP });
  await seen("start", isThere("one"));
  await container.api.rename({ name: "other" });
  await seen("rename", isThere("other"));
  const before = await askContainer(agent, "other");
  await container.api.restart({ t: 0 });
  await seen("restart", async () => {
    const { started_at: startedAt } = (await askContainer(agent, "other")) ?? {};
    return startedAt !== undefined && startedAt > before!.started_at!;
  });
  await container.kill();
  await seen("die", isAway("other"));
  await container.start();
  await seen("start", isThere("other"));
  await container.remove();
  await seen("die", isAway("other"));
  expect((await fetch(`${agent}/stats/other`)).status).toBe(404);
}

/** Starts and removes containers at random, two at a time; then those that are left can be removed. */
async function comeAndGo(forMs: number): Promise<{ ended: string[]; left: Container[] }> {
  const random = seeded(7);
  const slots: (Container | undefined)[] = Array.from({ length: 30 });
  const busy = new Set<number>();
  const ended: string[] = [];
  const deadline = Date.now() + forMs;
  const worker = async (): Promise<void> => {
    while (Date.now() < deadline) {
      const slot = Math.floor(random() * slots.length);
      if (busy.has(slot)) continue;
      busy.add(slot);
      const container = slots[slot];
      slots[slot] = undefined;
      if (container === undefined) {
        slots[slot] = await engine.run({ name: `slot-${slot}`, cmd: SLEEP });
        // What lives for a shorter time may be gone before anybody has looked.
        await sleep(200);
      } else {
        await container.remove();
        ended.push(`${engine.cgroupParent}/${container.id}`);
      }
      busy.delete(slot);
    }
  };
  await Promise.all([worker(), worker()]);
  return { ended, left: slots.filter((container) => container !== undefined) };
}

/** A container that its engine starts again whenever it ends. */
async function runAlways(name: string): Promise<string> {
  const container = await engine.api.createContainer({
    name,
    Image: "busybox:1",
    Cmd: SLEEP,
    HostConfig: { NetworkMode: "none", RestartPolicy: { Name: "always" } },
  });
  await container.start();
  return container.id;
}

/** Numbers from 0 up to 1, the same in every run (a linear congruential generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
