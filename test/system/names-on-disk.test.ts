import { rename, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, askContainer, askStats, seriesValue } from "./ask.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";

const SLEEP = ["sleep", "1000"];

let engine: Engine;
let program: Program;
let url: string;
/** An agent that asks the engine. */
let asking: Program;
let askingUrl: string;

function shown(name: string, at = url): Promise<ContainerStats> {
  return until(`${name} to be shown`, () => askContainer(at, name));
}

async function isShown(name: string): Promise<boolean> {
  return (await askContainer(url, name)) !== undefined;
}

function identityOf(container: ContainerStats): Partial<ContainerStats> {
  const { latest: _, window: __, ...identity } = container;
  return identity;
}

/** Of a file that can't be used. */
async function malformed(): Promise<number> {
  const labels = ['runtime="disk"', 'reason="malformed"'];
  const page = await ask(`${url}/metrics`);
  return seriesValue(page, "plimsoll_agent_runtime_failures_total", labels) ?? 0;
}

async function replace(id: string, content: string): Promise<void> {
  const file = path.join(engine.folder, "data/containers", id, "config.v2.json");
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

describeWith(["docker"], "an agent without a way to its engine", () => {
  beforeAll(async () => {
    engine = await startDocker();
    await engine.run({
      name: "before",
      cmd: SLEEP,
      memoryBytes: 32 * 2 ** 20,
      labels: { "com.docker.compose.project": "shop", "io.plimsoll.group": "front" },
      env: { APP_MODE: "fast", SECRET: "y" },
    });
    ({ program, url } = await startAgent(
      NO_ENGINE,
      `--docker-root=${engine.folder}/data`,
      "--env-include=APP_",
    ));
    ({ program: asking, url: askingUrl } = await startAgent(
      `--docker-host=${engine.host}`,
      "--env-include=APP_",
    ));
  });

  afterAll(async () => {
    await program?.close();
    await asking?.close();
    await engine?.close();
  });

  test("shows each container as one that asks the engine does", async () => {
    await engine.run({ name: "after", cmd: SLEEP });
    for (const name of ["before", "after"]) {
      const told = identityOf(await shown(name, askingUrl));
      const { network_mode: _, ...read } = { network_mode: "", ...identityOf(await shown(name)) };
      expect(told).toMatchObject(read);
      expect(read).toMatchObject({ runtime: "docker", image: "busybox:1", state: "running" });
    }
    expect((await shown("before")).groups).toEqual({ compose_project: "shop", group: "front" });
    expect(await ask(`${url}/metrics`)).not.toMatch(/secret/i);
    const { containers } = await askStats(`${url}/stats?group=group:front`);
    expect(containers.map(({ name }) => name)).toEqual(["before"]);
  });

  test("follows a new name", async () => {
    const container = await engine.run({ name: "old-name", cmd: SLEEP });
    await shown("old-name");
    await container.api.rename({ name: "new-name" });
    await shown("new-name");
    expect(await isShown("old-name")).toBe(false);
  });

  test("one file that is broken or gone leaves the others alone", async () => {
    const [whole, broken] = await Promise.all([
      engine.run({ name: "whole", cmd: SLEEP }),
      engine.run({ name: "broken", cmd: SLEEP }),
    ]);
    await shown("broken");
    const before = await malformed();
    await replace(broken.id, '{"ID":"');
    await until("it to be counted", async () => (await malformed()) === before + 1);
    await whole.api.rename({ name: "still-followed" });
    await shown("still-followed");
    // What was known stays true while its cgroup is there.
    await shown("broken");
  });

  test("a container that ends is not shown any more, and is again when it starts", async () => {
    const container = await engine.run({ name: "again", cmd: SLEEP });
    await shown("again");
    await container.kill();
    await until("it to be gone", async () => !(await isShown("again")));
    await container.start();
    await shown("again");
  });
});
