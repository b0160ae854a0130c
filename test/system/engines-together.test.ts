import { afterAll, beforeAll, expect, test } from "vitest";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import { type PodmanEngine, podmanBusybox, startPodman } from "../testbed/podman.ts";
import { until } from "../testbed/wait.ts";
import { askStats } from "./ask.ts";
import { startAgent, type StartedAgent } from "./start-agent.ts";

const SLEEP = ["sleep", "1000"];
const LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096", "--network=none"];

describeWith(["docker", "podman"], "Docker and Podman on one machine", () => {
  let docker: Engine;
  let podman: PodmanEngine;
  let agent: StartedAgent;

  beforeAll(async () => {
    [docker, podman] = await Promise.all([startDocker(), startPodman()]);
    agent = await startAgent(`--docker-host=${docker.host}`, `--podman-host=${podman.host}`);
  });

  afterAll(async () => {
    await agent?.program.close();
    await Promise.all([docker?.close(), podman?.close()]);
  });

  /** What the agent shows of the two engines' containers. */
  async function shown(): Promise<ContainerStats[]> {
    const { containers } = await askStats(`${agent.url}/stats`);
    const parents = [`${docker.cgroupParent}/`, `${podman.cgroupParent}/`];
    return containers.filter(
      ({ id, container_id: engineId }) =>
        engineId !== undefined && parents.some((parent) => id.startsWith(parent)),
    );
  }

  async function named(name: string): Promise<ContainerStats> {
    return until(
      `${name} to be named`,
      async () => (await shown()).find((each) => each.name === name),
      { log: () => agent.program.stderr() },
    );
  }

  test("has each named by its own engine", async () => {
    await docker.run({ name: "of-docker", cmd: SLEEP });
    await podman.run({ name: "of-podman", cmd: SLEEP });
    expect(await named("of-docker")).toMatchObject({ runtime: "docker", state: "running" });
    expect(await named("of-podman")).toMatchObject({
      runtime: "podman",
      image: podmanBusybox,
      groups: {},
    });
  });

  test("the same name in both is two containers", async () => {
    await docker.run({ name: "twin", cmd: SLEEP });
    await podman.run({ name: "twin", cmd: SLEEP });
    await until("both", async () => {
      const engines = (await shown()).filter(({ name }) => name === "twin");
      const names = new Set(engines.map(({ runtime }) => runtime));
      return engines.length === 2 && names.has("docker") && names.has("podman");
    });
  });

  test("puts the containers of a pod into its group, the one that holds it too", async () => {
    await podman.command(
      "pod",
      "create",
      "--name=pair",
      `--infra-image=${podmanBusybox}`,
      "--network=none",
      "--infra-command=sleep 1000",
      `--cgroup-parent=${podman.cgroupParent}`,
    );
    for (const name of ["left", "right"]) {
      const where = [`--cgroup-parent=${podman.cgroupParent}`, "--pod=pair", `--name=${name}`];
      const limits = LIMITS.filter((limit) => !limit.startsWith("--network"));
      await podman.command("run", "-d", ...limits, ...where, podmanBusybox, ...SLEEP);
    }
    // Its name comes with Podman's event, its pod with the answer that is then asked for.
    await until("all of the pod, the one that holds it too", async () => {
      const pair = (await shown()).filter(({ groups }) => groups["pod"] === "pair");
      const names = pair.map(({ name }) => name.replace(/^[0-9a-f]{12}-/, ""));
      return ["infra", "left", "right"].every((name) => names.includes(name));
    });
    expect((await named("left")).groups).toEqual({ pod: "pair" });
  });

  test("keeps one's names while the other is away", async () => {
    await podman.die();
    const page = async (): Promise<string> => (await fetch(`${agent.url}/metrics`)).text();
    const line =
      /plimsoll_agent_runtime_state\{[^}]*runtime="podman"[^}]*state="connected"[^}]*\} 0/;
    await until("Podman to be missed", async () => line.test(await page()));
    await docker.run({ name: "meanwhile", cmd: SLEEP });
    await named("meanwhile");
    await named("of-podman");
    await podman.revive();
    await podman.run({ name: "afterwards", cmd: SLEEP });
    expect((await named("afterwards")).runtime).toBe("podman");
  });
});
