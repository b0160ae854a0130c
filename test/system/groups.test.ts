import { afterAll, beforeAll, expect, test } from "vitest";

import type { Container } from "../testbed/container.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Engine, startDocker } from "../testbed/docker.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { startAgent } from "./start-agent.ts";

const LABELS = {
  "com.docker.compose.project": "shop",
  "com.docker.compose.service": "web",
};

/** Uses some tenths of a second of CPU, then nothing any more. */
const WORK = ["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exec sleep 1000"];

let engine: Engine;
let program: Program;
let agent: string;

async function groupValue(family: string, group: string): Promise<number | undefined> {
  const page = await ask(`${agent}/metrics`);
  return seriesValue(page, `container_group_${family}`, [`group="${group}"`, 'name="']);
}

/** CPU seconds of a container, on all CPUs together. */
async function usedBy(name: string): Promise<number> {
  const page = await ask(`${agent}/metrics`);
  const lines = page
    .split("\n")
    .filter((line) => line.startsWith("container_cpu_usage_seconds_total{"))
    .filter((line) => line.includes(`name="${name}"`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** What a container has used, once it uses nothing any more. */
async function cpuOf(name: string): Promise<number> {
  let last = -1;
  const atRest = async (): Promise<number | undefined> => {
    const used = await usedBy(name);
    const isAtRest = used > 0.05 && used === last;
    last = used;
    return isAtRest ? used : undefined;
  };
  return until(`${name} to be at rest`, atRest, { everyMs: 2200 });
}

describeWith(["docker"], "the counters of a group", () => {
  beforeAll(async () => {
    engine = await startDocker();
    ({ program, url: agent } = await startAgent(`--docker-host=${engine.host}`));
  });

  afterAll(async () => {
    await program?.close();
    await engine?.close();
  });

  test("are the sum of what its containers used, those that are gone included", async () => {
    const run = (name: string): Promise<Container> =>
      engine.run({ name, cmd: WORK, labels: LABELS });
    const first = await run("shop-web-1");
    const ofFirst = await cpuOf(first.name);
    const family = "cpu_usage_seconds_total";
    expect(await groupValue(family, "compose_project")).toBeCloseTo(ofFirst, 6);
    expect(await groupValue(family, "service")).toBeCloseTo(ofFirst, 6);
    expect(await groupValue("containers", "service")).toBe(1);
    expect(await groupValue("memory_working_set_bytes", "service")).toBeGreaterThan(0);

    await first.remove();
    await until("it to be gone", async () => (await groupValue("containers", "service")) === 0);
    expect(await groupValue(family, "service")).toBeCloseTo(ofFirst, 6);
    expect(await groupValue("memory_working_set_bytes", "service")).toBeUndefined();

    const second = await run("shop-web-1");
    const third = await run("shop-web-2");
    const used = ofFirst + (await cpuOf(second.name)) + (await cpuOf(third.name));
    expect(await groupValue(family, "service")).toBeCloseTo(used, 6);
    expect(await groupValue("containers", "compose_project")).toBe(2);

    // Started again it counts from 0 anew; what it used before stays.
    await second.kill();
    await second.start();
    const again = await cpuOf(second.name);
    expect(await groupValue(family, "service")).toBeCloseTo(used + again, 6);
    const page = await ask(`${agent}/metrics`);
    expect(page).toContain(
      `container_group_${family}{group="service",name="web",compose_project="shop"}`,
    );
  });
});
