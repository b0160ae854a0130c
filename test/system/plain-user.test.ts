import { afterAll, beforeAll, expect, test } from "vitest";

import { type Cgroups, openCgroups } from "../testbed/cgroups.ts";
import { type Child, startChild } from "../testbed/child.ts";
import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { freePort } from "../testbed/port.ts";
import { cliPath } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askContainer, askStats, seriesValue } from "./ask.ts";
import { NO_CRI } from "./start-agent.ts";

/** `nobody`, who has no rights and no home. */
const USER = 65_534;

let engine: Engine;
let cgroups: Cgroups;
let agent: Child;
let url: string;
let container: Container;

describeWith(["docker", "cgroups"], "an agent of a plain user", () => {
  beforeAll(async () => {
    engine = await startDocker({ bridge: true });
    cgroups = await openCgroups();
    container = await engine.run({ name: "web", cmd: ["sleep", "1000"], network: "bridge" });
    await cgroups.create("plain", { process: true, memoryBytes: 32 * 2 ** 20 });
    const listen = `127.0.0.1:${await freePort()}`;
    url = `http://${listen}`;
    agent = await startChild({
      command: "setpriv",
      args: [
        `--reuid=${USER}`,
        `--regid=${USER}`,
        "--clear-groups",
        process.execPath,
        cliPath,
        "agent",
        NO_CRI,
        `--listen=${listen}`,
        // Both are there and closed to it.
        `--docker-host=${engine.host}`,
        `--docker-root=${engine.folder}/data`,
        "--metrics-enable=all",
      ],
      cwd: "/",
    });
    await until("it to answer", () => ask(`${url}/-/ready`).then(() => true), {
      log: () => agent.tail(),
      ended: () => agent.ended(),
    });
  });

  afterAll(async () => {
    await agent?.stop();
    await cgroups?.close();
    await engine?.close();
  });

  test("shows what that user may see", async () => {
    const plain = await until("the cgroup", () => askContainer(url, `${cgroups.parent}/plain`));
    expect(plain.limits.memory_bytes).toBe(32 * 2 ** 20);
    expect(plain.latest["processes"]).toBe(1);
    expect(plain.latest["memory_usage_bytes"]).toBeDefined();
    const { containers } = await askStats(`${url}/stats`);
    const web = containers.find(({ id }) => id.endsWith(container.id));
    expect(web).toMatchObject({ name: `${engine.cgroupParent}/${container.id}` });
    expect(web?.runtime).toBeUndefined();
    const page = await ask(`${url}/metrics`);
    const own = `id="${engine.cgroupParent}/${container.id}"`;
    expect(seriesValue(page, "container_network_receive_bytes_total", [own, "eth0"])).toBeDefined();
  });

  test("counts what is closed to it, and goes on", async () => {
    const connected = ['state="connected"', 'runtime="docker"'];
    const states = await ask(`${url}/metrics`);
    expect(seriesValue(states, "plimsoll_agent_runtime_state", connected)).toBe(0);
    await until("the disk to be refused", async () => {
      const page = await ask(`${url}/metrics`);
      const labels = ['runtime="disk"', 'reason="eacces"'];
      return seriesValue(page, "plimsoll_agent_runtime_failures_total", labels);
    });
    const passes = async (): Promise<number> =>
      seriesValue(await ask(`${url}/metrics`), "plimsoll_agent_passes_total") ?? 0;
    const before = await passes();
    await until("more passes", async () => (await passes()) > before + 2);
    expect(agent.ended()).toBeUndefined();
    for (const path of ["/stats", "/stats/feed", "/api/v1.3/machine", "/api/v1.3/containers/"]) {
      await ask(`${url}${path}`);
    }
  });
});
