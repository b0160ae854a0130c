import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askContainer, askStats, seriesValue } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

const CGROUPS = "/sys/fs/cgroup";

let engine: Engine;
let program: Program;
let url: string;
let container: Container;
/** The container's cgroup in each hierarchy. */
let folders: string[];

/** Moves every process of the container from one of its cgroups to another. */
async function move(from: string, to: string): Promise<void> {
  for (const folder of folders) {
    const target = path.join(folder, to);
    // A v1 cpuset takes no process before it has both (cgroup-v1/cpusets).
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if (!existsSync(path.join(target, file))) continue;
      await writeFile(path.join(target, file), await readFile(path.join(folder, file)));
    }
    const pids = await readFile(path.join(folder, from, "cgroup.procs"), "utf8");
    for (const pid of pids.split("\n").filter(Boolean)) {
      await writeFile(path.join(target, "cgroup.procs"), pid);
    }
  }
}

describeWith(["docker"], "a container whose processes are all in an inner cgroup", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    const cmd = ["sh", "-c", "sleep 1000 & exec sleep 1000"];
    container = await engine.run({ name: "web", cmd, network: "bridge" });
    const own = path.join(engine.cgroupParent, container.id);
    folders = readdirSync(CGROUPS)
      .map((hierarchy) => path.join(CGROUPS, hierarchy, own))
      .filter((folder) => existsSync(folder));
    for (const folder of folders) await mkdir(path.join(folder, "container"));
    await move("", "container");
    ({ program, url } = await startAgent(
      `--docker-host=${engine.host}`,
      "--metrics-enable=network,process,tcp,cpuLoad,sched,referenced_memory",
      "--load-reader",
    ));
  });

  afterAll(async () => {
    await program?.close();
    if (folders !== undefined) await move("container", "");
    for (const folder of folders ?? []) await rmdir(path.join(folder, "container"));
    await engine?.close();
  });

  test("has network and processes, and is shown once", async () => {
    const shown = await until("its network", async () => {
      const web = await askContainer(url, "web");
      return web?.latest["network_receive_bytes_per_second"] === undefined ? undefined : web;
    });
    expect(shown.latest["processes"]).toBe(2);
    const page = await ask(`${url}/metrics`);
    expect(
      seriesValue(page, "container_network_receive_bytes_total", ['name="web"', "eth0"]),
    ).toBeDefined();
    expect(seriesValue(page, "container_tasks_state", ['name="web"', "sleeping"])).toBe(2);
    await until("its memory in use", async () => {
      const now = await ask(`${url}/metrics`);
      return (seriesValue(now, "container_referenced_bytes", ['name="web"']) ?? 0) > 0;
    });
    const { containers } = await askStats(`${url}/stats`);
    const own = containers.filter(({ id }) => id.includes(container.id));
    expect(own.map(({ name }) => name).toSorted()).toEqual([`${shown.id}/container`, "web"]);
    expect(own.filter(({ runtime }) => runtime !== undefined)).toHaveLength(1);
  });
});
