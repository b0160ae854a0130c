import { existsSync } from "node:fs";
import { mkdir, rmdir, writeFile } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Event, EventType } from "../../wire/events/event.ts";
import { busyboxImage } from "../testbed/busybox-image.ts";
import { type Cgroups, openCgroups } from "../testbed/cgroups.ts";
import { startChild } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { type StartedAgent, startAgent } from "./start-agent.ts";

const KILLS = Number(process.env["PLIMSOLL_OOM_KILLS"] ?? 30);
const MEMORY = 16 << 20;
/** Takes more memory than there is. */
const GREEDY = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"];

let engine: Engine;
let cgroups: Cgroups;
let agent: StartedAgent;
/** Where cgroups with the memory controller stand. */
let memory: string;

async function events(query: string): Promise<Event[]> {
  const answer = await ask(`${agent.url}/events?limit=10000&${query}`);
  return (JSON.parse(answer) as { events: Event[] }).events;
}

async function told(container: string, type: EventType): Promise<Event> {
  const find = async (): Promise<Event | undefined> =>
    (await events(`container=${container}&type=${type}`))[0];
  try {
    return await until(`${type} of ${container}`, find, { timeoutMs: 45_000 });
  } catch (cause) {
    const known = (await events(`container=${container}`)).map((event) => [
      event.type,
      event.details,
    ]);
    const page = (await ask(`${agent.url}/metrics`)).match(/^plimsoll_agent_(?:oom|kmsg).*$/gm);
    throw new Error(`cannot find it among ${JSON.stringify(known)}; ${page?.join("; ")}`, {
      cause,
    });
  }
}

/** Starts one without waiting for it; it is removed as soon as it has ended. */
async function burn(name: string, more: object = { Memory: MEMORY }): Promise<void> {
  const container = await engine.api.createContainer({
    name,
    Image: busyboxImage,
    Cmd: [...GREEDY],
    HostConfig: { AutoRemove: true, NetworkMode: "none", ...more },
  });
  await container.start();
}

async function limitTo(folder: string): Promise<void> {
  const [v1, v2] = [`${folder}/memory.limit_in_bytes`, `${folder}/memory.max`];
  await writeFile(existsSync(v1) ? v1 : v2, String(MEMORY));
  const swap = `${folder}/memory.memsw.limit_in_bytes`;
  if (existsSync(swap)) await writeFile(swap, String(MEMORY));
}

describeWith(["docker", "cgroups"], "kills for the lack of memory, as events", () => {
  beforeAll(async () => {
    engine = await startDocker();
    cgroups = await openCgroups();
    const probe = await cgroups.create("probe");
    memory = probe.folder("memory").slice(0, -probe.path.length);
    agent = await startAgent(`--docker-host=${engine.host}`);
  });

  afterAll(async () => {
    await agent?.program.close();
    await cgroups?.close();
    await engine?.close();
  });

  test(
    `of ${KILLS} containers at once, which are gone at once, are told once each`,
    async () => {
      const names = Array.from({ length: KILLS }, (_none, index) => `burnt-${index}`);
      await Promise.all(names.map((name) => burn(name)));
      for (const name of names) {
        // oxlint-disable-next-line no-await-in-loop
        await told(name, "removed");
        // oxlint-disable-next-line no-await-in-loop
        await told(name, "died");
        // oxlint-disable-next-line no-await-in-loop
        await told(name, "oom_kill");
      }
      const all = await events("name=burnt-*&type=oom_kill,died,removed");
      const times = (name: string, type: EventType): number =>
        all.filter((event) => event.container?.name === name && event.type === type).length;
      const once = { kills: 1, died: 1, removed: 1 };
      const counted = names.map((name) => ({
        kills: times(name, "oom_kill"),
        died: times(name, "died"),
        removed: times(name, "removed"),
      }));
      expect(counted).toEqual(names.map(() => once));
      const classes = all.filter(({ type }) => type === "died");
      expect(classes.map(({ details }) => details.exit_class)).toEqual(names.map(() => "oom"));
      const page = await ask(`${agent.url}/metrics`);
      for (const name of names) {
        const labels = [`name="${name}"`, 'type="oom_kill"'];
        expect(seriesValue(page, "container_events_total", labels), name).toBe(1);
      }
    },
    60_000 + KILLS * 3000,
  );

  test("in an inner cgroup are its container's, which lives on", async () => {
    // On v2 a cgroup that has processes has no children with limits.
    if (cgroups.version === 2) return;
    const { id } = await engine.run({ name: "outer", cmd: ["sleep", "10000"] });
    const path = `${engine.cgroupParent}/${id}/inner`;
    await mkdir(`${memory}${path}`);
    await limitTo(`${memory}${path}`);
    const command = `echo $$ > ${memory}${path}/cgroup.procs && exec "$@"`;
    const child = await startChild({ command: "sh", args: ["-c", command, "sh", ...GREEDY] });
    await child.exited;
    const kill = await told("outer", "oom_kill");
    expect(kill.container?.container_id).toBe(id);
    expect(kill.details.cgroup).toBe(path);
    expect(await events("container=outer&type=died")).toEqual([]);
    await rmdir(`${memory}${path}`);
  });

  test("by the limit of a parent are of the child that was killed", async () => {
    if (cgroups.version === 2) return;
    const pod = `${engine.cgroupParent}/pod`;
    await mkdir(`${memory}${pod}`);
    await limitTo(`${memory}${pod}`);
    const calm = await engine.api.createContainer({
      name: "calm",
      Image: busyboxImage,
      Cmd: ["sleep", "10000"],
      HostConfig: { NetworkMode: "none", CgroupParent: pod },
    });
    await calm.start();
    await burn("greedy", { CgroupParent: pod });
    const kill = await told("greedy", "oom_kill");
    expect(kill.details.oom_cgroup).toBe(pod);
    expect((await told("greedy", "died")).details.exit_class).toBe("oom");
    expect(await events("container=calm&type=died,oom_kill")).toEqual([]);
  });
});
