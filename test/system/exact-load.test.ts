import { readFile } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import type { Child } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { seriesValue } from "./ask.ts";
import { saidNext } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";

const STATES = ["sleeping", "running", "stopped", "uninterruptible"];

let cgroups: Cgroups;
let cgroup: PlainCgroup;
let program: Program;
let agent: string;
let runners: Child[];

/** Starts a process in the cgroup, and waits until it is in a state. */
async function start(command: readonly string[], state: string): Promise<Child> {
  const child = await cgroup.run(command);
  await inState(child, state);
  return child;
}

async function inState({ pid }: Child, state: string): Promise<void> {
  await until(`process ${pid} to be ${state}`, async () =>
    new RegExp(`^\\d+ \\((?:sleep|burner)\\) ${state} `).test(
      await readFile(`/proc/${pid}/stat`, "utf8"),
    ),
  );
}

async function stop(child: Child): Promise<void> {
  child.signal("SIGSTOP");
  await inState(child, "T");
}

/** What the next sample says: tasks by state, and the average of those that run. */
async function said(): Promise<{ states: (number | undefined)[]; average: number | undefined }> {
  const { page } = await saidNext(agent, cgroup.path);
  const id = `id="${cgroup.path}"`;
  return {
    states: STATES.map((state) =>
      seriesValue(page, "container_tasks_state", [id, `state="${state}"`]),
    ),
    average: seriesValue(page, "container_cpu_load_average_10s", [id]),
  };
}

describeWith(["cgroups"], "tasks by state", () => {
  beforeAll(async () => {
    cgroups = await openCgroups();
    cgroup = await cgroups.create("crew");
    // A shell that calls itself otherwise, so that it is known when it has begun to run.
    const burn = "printf burner > /proc/$$/comm; while :; do :; done";
    runners = [await start(["sh", "-c", burn], "R"), await start(["sh", "-c", burn], "R")];
    for (let count = 0; count < 3; count++) await start(["sleep", "1000"], "S");
    await stop(await start(["sleep", "1000"], "S"));
    ({ program, url: agent } = await startAgent(NO_ENGINE, "--load-reader"));
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
  });

  test("are exactly those that sleep, run and are stopped, and the average begins with them", async () => {
    const { states, average } = await said();
    expect(states).toEqual([3, 2, 1, 0]);
    expect(average).toBe(2000);
  });

  test("follow at the next sample, the average slowly", async () => {
    const [first] = runners;
    await stop(first!);
    const { states, average } = await said();
    expect(states).toEqual([3, 1, 2, 0]);
    expect(average).toBeLessThan(2000);
    expect(average).toBeGreaterThan(1000);
  });
});
