import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { busyboxImage } from "../testbed/busybox-image.ts";
import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { sleep, until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

const MEMORY = 16 << 20;

/** Takes more memory than there is. */
const GREEDY = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"];

const KILLS = "container_oom_events_total";
const EVENTS = "container_events_total";

const MANY = 30;

let engine: Engine;
let cgroups: Cgroups;
let program: Program;
let agent: string;

async function startAgent(args: readonly string[] = []): Promise<[Program, string]> {
  const port = await freePort();
  const started = await startProgram([
    "agent",
    NO_CRI,
    `--listen=127.0.0.1:${port}`,
    `--docker-host=${engine.host}`,
    ...args,
  ]);
  const url = `http://127.0.0.1:${port}`;
  await started.ready(`${url}/healthz`);
  return [started, url];
}

async function valueOf(family: string, labels: readonly string[], of = agent): Promise<number> {
  return seriesValue(await ask(`${of}/metrics`), family, labels) ?? Number.NaN;
}

function pathOf(id: string): string {
  return `${engine.cgroupParent}/${id}`;
}

/** Waits for a count, and makes sure that it stays. */
async function expectCount(count: number, labels: readonly string[]): Promise<void> {
  await until(`${count} kills`, async () => (await valueOf(KILLS, labels)) >= count);
  // Longer than any source needs to tell.
  await sleep(3500);
  expect(await valueOf(KILLS, labels)).toBe(count);
}

async function ended(id: string): Promise<void> {
  const container = engine.api.getContainer(id);
  await until("it to end", async () => !(await container.inspect()).State.Running);
}

/** Lets a greedy process run and be killed in a cgroup. */
async function killIn(cgroup: PlainCgroup): Promise<void> {
  const child = await cgroup.run(GREEDY);
  expect((await child.exited).signal).toBe("SIGKILL");
}

/** So that what has no room is not put elsewhere. */
async function limitSwap(cgroup: PlainCgroup): Promise<void> {
  const folder = cgroup.folder("memory");
  const [v1, v2] = [`${folder}/memory.memsw.limit_in_bytes`, `${folder}/memory.swap.max`];
  if (existsSync(v1)) await writeFile(v1, String(MEMORY));
  if (existsSync(v2)) await writeFile(v2, "0");
}

/** Starts a container that is killed at once and removed at once; returns its id. */
async function burn(name: string): Promise<string> {
  const container = await engine.api.createContainer({
    name,
    Image: busyboxImage,
    Cmd: GREEDY,
    HostConfig: { AutoRemove: true, Memory: MEMORY, NetworkMode: "none" },
  });
  await container.start();
  return container.id;
}

/** Kills of some containers, by their names, as they stand on the page: every series, even one that is twice there. */
async function killsOf(names: readonly string[]): Promise<Record<string, number[]>> {
  const lines = (await ask(`${agent}/metrics`))
    .split("\n")
    .filter((line) => line.startsWith(KILLS));
  const values = (name: string): number[] =>
    lines
      .filter((line) => line.includes(`name="${name}"`))
      .map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
  return Object.fromEntries(names.map((name) => [name, values(name)]));
}

describeWith(["docker", "cgroups"], "kills for the lack of memory", () => {
  beforeAll(async () => {
    engine = await startDocker();
    cgroups = await openCgroups();
    [program, agent] = await startAgent();
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
    await engine?.close();
  });

  test("are counted while the container lives, and not again by another agent", async () => {
    const script = `for i in 1 2 3; do ${GREEDY.join(" ")}; done; exec sleep 1000`;
    const options = { name: "parent", cmd: ["sh", "-c", script], memoryBytes: MEMORY };
    const { id } = await engine.run(options);
    const labels = [`id="${pathOf(id)}"`, 'name="parent"', 'image="busybox:1"'];
    await expectCount(3, labels);
    expect(await valueOf(EVENTS, [...labels, 'type="oom_kill"'])).toBe(3);
    expect(await valueOf(EVENTS, [...labels, 'type="started"'])).toBe(1);

    const [other, url] = await startAgent();
    await sleep(2500);
    expect(await valueOf(KILLS, labels, url)).toBe(3);
    expect(await valueOf(EVENTS, [...labels, 'type="oom_kill"'], url)).toBeNaN();
    const page = await ask(`${url}/metrics`);
    expect(page).toContain('plimsoll_agent_kmsg_readable{reason=""} 1');
    expect(page).toContain("plimsoll_agent_oom_kills_unnamed_total 0");
    await other.close();
  });

  test("are there when the container has gone, and go on when it is started again", async () => {
    const container = await engine.run({ name: "mortal", cmd: GREEDY, memoryBytes: MEMORY });
    const labels = [`id="${pathOf(container.id)}"`, 'name="mortal"', 'image="busybox:1"'];
    await ended(container.id);
    await expectCount(1, labels);
    await container.start();
    await ended(container.id);
    await expectCount(2, labels);
    for (const [type, count] of Object.entries({ created: 1, started: 2, died: 2, oom_kill: 2 })) {
      expect(await valueOf(EVENTS, [...labels, `type="${type}"`]), type).toBe(count);
    }
    await container.remove();
    await sleep(2000);
    expect(await valueOf(KILLS, labels)).toBe(2);
    expect(await valueOf(EVENTS, [...labels, 'type="removed"'])).toBe(1);
  });

  test("in a cgroup count for those above it, also when it has gone", async () => {
    const outer = await cgroups.create("outer", { memoryBytes: MEMORY });
    await limitSwap(outer);
    const limits = cgroups.version === 1 ? {} : { memoryBytes: MEMORY };
    // On v2 a cgroup with children and limits for them may hold no process.
    const inner = cgroups.version === 1 ? await cgroups.create("outer/inner", limits) : outer;
    const before = await valueOf(KILLS, ['id="/"']);
    await until("it to be seen", async () => (await valueOf(KILLS, [`id="${inner.path}"`])) === 0);
    await killIn(inner);
    await killIn(inner);
    await expectCount(2, [`id="${outer.path}"`]);
    if (inner !== outer) {
      await killIn(inner);
      await inner.remove();
    } else await killIn(outer);
    await expectCount(3, [`id="${outer.path}"`]);
    await expectCount(3, [`id="${inner.path}"`]);
    await expectCount(3, [`id="${cgroups.parent}"`]);
    expect(await valueOf(KILLS, ['id="/"'])).toBeGreaterThanOrEqual(before + 3);
  });

  test("of many containers that are removed at once are counted once each", async () => {
    const names = Array.from({ length: MANY }, (_none, index) => `brief-${index}`);
    const ids = await Promise.all(names.map(burn));
    await until("all to be removed", async () => {
      const known = await engine.api.listContainers({ all: true });
      return !known.some(({ Id }) => ids.includes(Id));
    });
    const once = Object.fromEntries(names.map((name) => [name, [1]]));
    await until("all to be counted", async () =>
      Object.values(await killsOf(names)).every((values) => values.length > 0),
    );
    await sleep(3500);
    expect(await killsOf(names)).toEqual(once);
    for (const name of names) {
      const labels = [`name="${name}"`, 'type="oom_kill"'];
      expect(await valueOf(EVENTS, labels), name).toBe(1);
    }
  });

  test("are counted by the files alone where the messages can't be read", async () => {
    const [other, url] = await startAgent(["--kmsg-path=/nowhere"]);
    const script = `${GREEDY.join(" ")}; exec sleep 1000`;
    const options = { name: "unread", cmd: ["sh", "-c", script], memoryBytes: MEMORY };
    const { id } = await engine.run(options);
    const labels = [`id="${pathOf(id)}"`, 'name="unread"'];
    await until("it to be counted", async () => (await valueOf(KILLS, labels, url)) === 1);
    await until(
      "it to be told",
      async () => (await valueOf(EVENTS, [...labels, 'type="oom_kill"'], url)) === 1,
    );
    const page = await ask(`${url}/metrics`);
    expect(page).toContain('plimsoll_agent_kmsg_readable{reason="enoent"} 0');
    await other.close();
  });
});
