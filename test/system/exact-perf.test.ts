import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import type { Child } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type Program, startProgram } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { saidNext } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";

/** Where a host with both versions has v2, which counts perf events unless v1 does. */
const UNIFIED = "/sys/fs/cgroup/unified";

const EVENTS = {
  core: {
    events: [
      "context-switches",
      ["task-clock", "page-faults"],
      "cpu-clock",
      "my-migrations",
      "no-event",
    ],
    custom_events: [{ type: 1, config: ["0x4"], name: "my-migrations" }],
  },
};

const PAGES = 500;

/** Each time that it is let go: touches pages, gives up the CPU, uses it for a while. */
const WORK = `
  import { setTimeout as sleep } from "node:timers/promises";
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
  for (let round = 1; ; round++) {
    process.kill(process.pid, "SIGSTOP");
    const pages = Buffer.allocUnsafeSlow(${PAGES} * 4096);
    for (let page = 0; page < ${PAGES}; page++) pages[page * 4096] = 1;
    for (let turn = 0; turn < 20; turn++) await sleep(1);
    for (const end = used() + 500_000; used() < end;) for (let turn = 0; turn < 100_000; turn++);
    process.stdout.write("round " + round + "\\n");
  }`;

let cgroups: Cgroups;
let cgroup: PlainCgroup;
let folder: string;
let program: Program;
let agent: string;
let worker: Child;

/** The cgroup's folder where perf events are counted, made if need be. */
async function countedFolder(): Promise<string> {
  const v1 = "/sys/fs/cgroup/perf_event";
  if (existsSync(v1)) return cgroup.folder("perf_event");
  if (cgroups.version === 2) return cgroup.folder("cpu");
  await mkdir(path.join(UNIFIED, cgroup.path), { recursive: true });
  return path.join(UNIFIED, cgroup.path);
}

/** All series of the cgroup by event, CPUs together. */
function eventsOf(page: string): Record<string, number> {
  const events: Record<string, number> = {};
  for (const line of page.split("\n")) {
    if (!line.startsWith(`container_perf_events_total{id="${cgroup.path}",`)) continue;
    const event = /event="([^"]+)"/.exec(line)![1]!;
    events[event] = (events[event] ?? 0) + Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return events;
}

/** The same by other ways than perf events: of the worker's threads, and of the cgroup. */
async function truth(): Promise<{ switches: number; faults: number; cpu: number }> {
  let switches = 0;
  for (const task of readdirSync(`/proc/${worker.pid}/task`)) {
    const status = await readFile(`/proc/${worker.pid}/task/${task}/status`, "utf8");
    for (const [, count] of status.matchAll(/ctxt_switches:\s+(\d+)/g)) switches += Number(count);
  }
  const stat = await cgroup.read("memory", "memory.stat");
  const cpu =
    cgroups.version === 1
      ? Number(await cgroup.read("cpuacct", "cpuacct.usage"))
      : Number(/^usage_usec (\d+)/m.exec(await cgroup.read("cpu", "cpu.stat"))![1]) * 1000;
  return { switches, faults: Number(/^pgfault (\d+)/m.exec(stat)![1]), cpu };
}

/** Waits until the worker has stopped, and reads both when nothing changes any more. */
async function compare(): Promise<{
  events: Record<string, number>;
  truth: Awaited<ReturnType<typeof truth>>;
}> {
  await until("the worker to stop itself", async () =>
    /^State:\s+T/m.test(await readFile(`/proc/${worker.pid}/status`, "utf8")),
  );
  return until(
    "the numbers to stand still",
    async () => {
      const before = await truth();
      const first = eventsOf((await saidNext(agent, cgroup.path)).page);
      const events = eventsOf((await saidNext(agent, cgroup.path)).page);
      const isSame = JSON.stringify([await truth(), first]) === JSON.stringify([before, events]);
      return isSame && { events, truth: before };
    },
    { timeoutMs: 60_000 },
  );
}

describeWith(["cgroups"], "perf events", () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "plimsoll-test-"));
    await writeFile(path.join(folder, "perf.json"), JSON.stringify(EVENTS));
    await writeFile(path.join(folder, "work.mjs"), WORK);
    cgroups = await openCgroups();
    cgroup = await cgroups.create("counted");
    const counted = await countedFolder();
    ({ program, url: agent } = await startAgent(
      NO_ENGINE,
      `--perf-events-config=${path.join(folder, "perf.json")}`,
      "--metrics-enable=all",
      "--resctrl-interval=10s",
      "--log-format=json",
    ));
    const join = `echo $$ > ${counted}/cgroup.procs && exec "$@"`;
    const script = path.join(folder, "work.mjs");
    worker = await cgroup.run(["sh", "-c", join, "sh", process.execPath, script]);
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
    await rm(folder, { recursive: true });
  });

  test("grow by what the kernel counts otherwise: each fault, each switch, all of the time", async () => {
    const before = await compare();
    worker.signal("SIGCONT");
    await until("the worker to have done its round", () => worker.stdout().includes("round 1"));
    const after = await compare();

    const grown = (name: string): number => after.events[name]! - before.events[name]!;
    const cpu = after.truth.cpu - before.truth.cpu;
    expect(cpu).toBeGreaterThan(5e8);
    for (const clock of ["task-clock", "cpu-clock"]) {
      expect(grown(clock), clock).toBeGreaterThan(0.99 * cpu);
      // These two clocks go on while an interrupt or another virtual machine has the CPU.
      expect(grown(clock), clock).toBeLessThan(1.03 * cpu);
    }
    expect(grown("page-faults")).toBeGreaterThanOrEqual(PAGES);
    expect(grown("page-faults")).toBe(after.truth.faults - before.truth.faults);
    expect(grown("context-switches")).toBeGreaterThanOrEqual(20);
    expect(grown("context-switches")).toBe(after.truth.switches - before.truth.switches);
    expect(grown("my-migrations")).toBeGreaterThanOrEqual(0);
  });

  test("are there for each CPU, with the part of the time that they were counted", async () => {
    const { page } = await saidNext(agent, cgroup.path);
    const names = EVENTS.core.events.flat().filter((name) => name !== "no-event");
    for (const family of ["container_perf_events_total", "container_perf_events_scaling_ratio"]) {
      const lines = page
        .split("\n")
        .filter((line) => line.startsWith(`${family}{id="${cgroup.path}",`));
      expect(lines, family).toHaveLength(names.length * availableParallelism());
      if (family.endsWith("ratio")) for (const line of lines) expect(line).toMatch(/ 1$/);
    }
  });

  test("that are not there are told once, and counted", async () => {
    const page = await ask(`${agent}/metrics`);
    const reason = (name: string): number | undefined =>
      seriesValue(page, "plimsoll_agent_absences_total", [`reason="${name}"`, "perf_event"]);
    expect(reason("unknown_event")).toBe(1);
    expect(program.stdout() + program.stderr()).toContain("this machine has no event no-event");
    // Nobody has asked for this one.
    expect(page).not.toContain("container_tasks_state");
    if (!existsSync("/sys/fs/resctrl/mon_data")) expect(page).not.toContain("container_llc_");
  });

  test("end the start with what is wrong in their file", async () => {
    const file = path.join(folder, "wrong.json");
    await writeFile(file, '{"core": {"events": [7]}}');
    const wrong = await startProgram(["agent", `--perf-events-config=${file}`, "--check-config"]);
    expect(await wrong.ended()).toBe(2);
    expect(wrong.stderr()).toContain(
      "core.events[0] must be the name of an event or a list of names",
    );
    expect(wrong.stderr()).toContain("perf.events.config");
    await wrong.close();
  });
});
