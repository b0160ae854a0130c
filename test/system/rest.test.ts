/** cAdvisor's REST API over real containers, asked by a client that knows cAdvisor alone. */
import { readFile } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { decode, ROUTES } from "../agent/rest/decode.ts";
import { type Container, pause } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askContainer } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

const MEMORY = 64 << 20;

interface Sample {
  readonly timestamp: string;
  readonly cpu: { readonly usage: { readonly total: number } };
  readonly memory: { readonly usage: number; readonly working_set: number };
  readonly processes: { readonly process_count: number };
}

interface Info {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly spec: {
    readonly cpu: { readonly quota: number; readonly period: number };
    readonly memory: { readonly limit: number };
    readonly processes: { readonly limit: number };
  };
  readonly stats: readonly Sample[];
}

interface Happened {
  readonly container_name: string;
  readonly event_type: string;
  readonly event_data: unknown;
}

let engine: Engine;
let program: Program;
let url: string;
let web: Container;

async function asked<T>(route: string, type: string): Promise<T> {
  return decode(type, await ask(`${url}/api/${route}`)) as T;
}

/** The only entry of an object. */
async function onlyOne<T>(route: string, type: string): Promise<T> {
  const [one, ...others] = Object.values(await asked<Record<string, T>>(route, type));
  expect(others).toEqual([]);
  return one as T;
}

/** The folders of a process's cgroup, by controller; of v2 there is but one. */
async function numberIn(pid: number, v1: readonly [string, string], v2: string): Promise<number> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, "utf8")).split("\n");
  const line = lines.find((each) => each.split(":")[1]?.split(",").includes(v1[0]));
  const unified = lines.find((each) => each.startsWith("0::"))?.slice("0::".length) ?? "";
  const file =
    line === undefined
      ? `/sys/fs/cgroup${unified}/${v2}`
      : `/sys/fs/cgroup/${v1[0]}${line.split(":")[2] ?? ""}/${v1[1]}`;
  return Number(/\d+/.exec(await readFile(file, "utf8"))?.[0]);
}

async function eventsOf(path: string, query: string): Promise<Happened[]> {
  return asked<Happened[]>(`v1.3/events${path}?${query}`, "[Event]");
}

describeWith(["docker"], "cAdvisor's REST API", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    ({ program, url } = await startAgent(
      `--docker-host=${engine.host}`,
      "--metrics-enable=all",
      "--storage_duration=30s",
    ));
    web = await engine.run({
      name: "web",
      cmd: ["sh", "-c", "sleep 1000; true"],
      cpus: 0.5,
      memoryBytes: MEMORY,
      pids: 20,
      labels: { team: "<blue> & green" },
      network: "bridge",
    });
    const samples = async (): Promise<boolean> => {
      const all = await asked<Record<string, Info>>("v1.2/docker", "{ContainerInfo}");
      return (Object.values(all)[0]?.stats?.length ?? 0) > 3;
    };
    await until("a few samples", samples);
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
  });

  test("every route is understood", async () => {
    const { name: path } = await onlyOne<Info>("v1.2/docker/web", "{ContainerInfo}");
    for (const [route, type] of Object.entries(ROUTES)) {
      const answer = await ask(`${url}/api/${route.replace("PATH", path).replace("NAME", "web")}`);
      expect(() => decode(type, answer), route).not.toThrow();
    }
  });

  test("a container is found by its name, its id, the beginning of that and its cgroup", async () => {
    const byName = await onlyOne<Info>("v1.3/docker/web", "{ContainerInfo}");
    expect(byName).toMatchObject({ id: web.id, aliases: ["web", web.id], namespace: "docker" });
    expect(byName.name).toBe(`${engine.cgroupParent}/${web.id}`);
    for (const word of [web.id, web.id.slice(0, 12)]) {
      const found = await onlyOne<Info>(`v1.3/docker/${word}`, "{ContainerInfo}");
      expect(found.id).toBe(web.id);
    }
    expect(await asked<Info>(`v1.0/containers${byName.name}`, "ContainerInfo")).toMatchObject({
      id: web.id,
      spec: { labels: { team: "<blue> & green" }, image: "busybox:1" },
    });
    const [parent, child] = await asked<Info[]>(
      `v1.1/subcontainers${engine.cgroupParent}`,
      "[ContainerInfo]",
    );
    expect(parent).toMatchObject({ name: engine.cgroupParent });
    expect(child).toMatchObject({ id: web.id });
  });

  test("what it may is what Docker was told", async () => {
    const { spec } = await onlyOne<Info>("v1.3/docker/web", "{ContainerInfo}");
    expect(spec).toMatchObject({
      has_cpu: true,
      has_memory: true,
      has_network: true,
      has_processes: true,
      memory: { limit: MEMORY },
      processes: { limit: 20 },
    });
    expect(spec.cpu.quota / spec.cpu.period).toBe(0.5);
  });

  test("its numbers are the kernel's, and those of /stats", async () => {
    await pause(web.api);
    const kernel = async (): Promise<number[]> => [
      await numberIn(web.pid, ["memory", "memory.usage_in_bytes"], "memory.current"),
      await numberIn(web.pid, ["cpuacct", "cpuacct.usage"], "cpu.stat"),
    ];
    const before = await kernel();
    // Two samples later nothing has moved any more.
    const from = Date.now() + 2500;
    const later = async (): Promise<Sample | undefined> => {
      const { stats } = await onlyOne<Info>("v1.3/docker/web", "{ContainerInfo}");
      return stats.findLast(({ timestamp }) => Date.parse(timestamp) > from);
    };
    const sample = await until("a sample of what stands still", later);
    expect(await kernel()).toEqual(before);
    const [memory = 0, cpu = 0] = before;
    expect(sample.memory.usage).toBe(memory);
    expect([cpu, cpu * 1000]).toContain(sample.cpu.usage.total);
    const ours = await askContainer(url, "web");
    expect(ours?.latest["memory_working_set_bytes"]).toBe(sample.memory.working_set);
    expect(ours?.latest["processes"]).toBe(sample.processes.process_count);
    expect(ours?.latest["cpu_cores"]).toBe(0);
    const [entry] = Object.values(
      await asked<Record<string, { stats: readonly (Sample & { cpu_inst: Sample["cpu"] })[] }>>(
        "v2.1/stats/web?type=docker&count=1",
        "{StatsEntry}",
      ),
    );
    expect(entry?.stats).toHaveLength(1);
    expect(entry?.stats[0]?.cpu_inst.usage.total).toBe(0);
    await web.api.unpause();
  });

  test("its processes are those that are in it", async () => {
    const found = await asked<Record<string, unknown>[]>(
      "v2.0/ps/web?type=docker",
      "[ProcessInfo]",
    );
    expect(found.map(({ cmd }) => cmd)).toEqual(["sh", "sleep"]);
    expect(found[0]).toMatchObject({ pid: web.pid, user: "root", cgroup_path: "" });
  });

  test("cAdvisor's documented examples are answered", async () => {
    // docs/api.md and docs/api_v2.md of cAdvisor, with a name of ours in place of theirs.
    const path = `${engine.cgroupParent.slice(1)}/${web.id}`;
    for (const [route, type] of [
      ["v1.0/containers/", "ContainerInfo"],
      [`v1.0/containers/${path}`, "ContainerInfo"],
      [`v1.1/subcontainers/${path}`, "[ContainerInfo]"],
      ["v1.2/docker/web", "{ContainerInfo}"],
      [`v1.2/docker/${web.id.slice(0, 12)}`, "{ContainerInfo}"],
      ["v1.3/events/?subcontainers=true&creation_events=true", "[Event]"],
      ["v1.0/machine", "MachineInfo"],
      ["v2.0/version", "s"],
      ["v2.0/machine", "MachineInfo"],
      ["v2.0/attributes", "Attributes"],
      ["v2.0/stats?type=docker&recursive=true", "{[DeprecatedContainerStats]}"],
      ["v2.0/stats/web?type=docker", "{[DeprecatedContainerStats]}"],
      [`v2.0/stats/${web.id.slice(0, 12)}?type=docker`, "{[DeprecatedContainerStats]}"],
      [`v2.0/stats/${path}`, "{[DeprecatedContainerStats]}"],
      ["v2.0/summary/web?type=docker", "{DerivedStats}"],
      ["v2.0/spec/web?type=docker", "{ContainerSpecV2}"],
    ] as const) {
      const answer = await asked<object>(route, type);
      expect(Object.keys(Object(answer)).length, route).toBeGreaterThan(0);
    }
    // Its own client posts how many samples it wants.
    const answer = await fetch(`${url}/api/v1.3/containers/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ num_stats: 2, start: "0001-01-01T00:00:00Z" }),
    });
    const { stats } = decode("ContainerInfo", await answer.text()) as Info;
    expect(stats).toHaveLength(2);
  });

  test("its end is told with its code, and a kill for the lack of memory", async () => {
    const path = ({ id }: Container): string => `${engine.cgroupParent}/${id}`;
    const brief = await engine.run({ name: "brief", cmd: ["sh", "-c", "sleep 2; exit 7"] });
    const stream = await fetch(
      `${url}/api/v1.3/events${path(brief)}?stream=true&deletion_events=true`,
    );
    const greedy = await engine.run({
      name: "greedy",
      cmd: ["sh", "-c", "sleep 3; dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 5"],
      memoryBytes: 8 << 20,
    });
    const told = async (of: Container, type: string, query: string): Promise<Happened> =>
      until(`${type} of a container`, async () =>
        (await eventsOf(path(of), query)).find(({ event_type: is }) => is === type),
      );
    expect(await told(brief, "containerCreation", "creation_events=true")).toMatchObject({
      container_name: path(brief),
      event_data: {},
    });
    expect(await told(brief, "containerDeletion", "all_events=true")).toMatchObject({
      event_data: { container_deletion: { exit_code: 7 } },
    });
    await told(greedy, "oom", "oom_events=true");
    expect(await told(greedy, "oomKill", "oom_kill_events=true")).toMatchObject({
      container_name: path(greedy),
    });
    const reader = stream.body!.getReader();
    const { value } = await reader.read();
    expect(JSON.parse(Buffer.from(value ?? []).toString())).toMatchObject({
      event_type: "containerDeletion",
      event_data: { container_deletion: { exit_code: 7 } },
    });
    await reader.cancel();
  });

  test("there is as much as --storage_duration says", async () => {
    const all = await until("the window to be full", async () => {
      const { stats } = await asked<Info>("v1.0/containers/", "ContainerInfo");
      return stats.length > 30 ? stats : undefined;
    });
    expect(all).toHaveLength(31);
  });

  test("what the host lets us see is told in words", async () => {
    const page = await ask(`${url}/validate/`);
    expect(page).toContain("Cgroup setup: [Supported and recommended]");
    expect(page).toMatch(/Engine docker: \[Supported and recommended\]\n\tVersion is \d+/);
    expect(page).toContain(`(docker web)`);
  });
});
