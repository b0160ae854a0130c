import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Cgroups, openCgroups, type PlainCgroup } from "../testbed/cgroups.ts";
import type { Child } from "../testbed/child.ts";
import { describeWith } from "../testbed/describe-with.ts";
import type { Program } from "../testbed/program.ts";
import { until } from "../testbed/wait.ts";
import { ask, seriesValue } from "./ask.ts";
import { newestSample, saidNext, standingStill } from "./standing-still.ts";
import { NO_ENGINE, startAgent } from "./start-agent.ts";
import { stopped } from "./stopped.ts";

let cgroups: Cgroups;
let program: Program;
let agent: string;

/** Reads some files, by names that the test gives them. */
type Read = () => Promise<Readonly<Record<string, string>>>;

function filesOf(cgroup: PlainCgroup, controller: string, ...names: readonly string[]): Read {
  return async () => {
    const cells = names.map(
      async (name) =>
        [name, await readFile(`${cgroup.folder(controller)}/${name}`, "utf8")] as const,
    );
    return Object.fromEntries(await Promise.all(cells));
  };
}

/** Every thread's own numbers. */
function threadsOf(...children: readonly Child[]): Read {
  return async () => {
    const texts: Record<string, string> = {};
    for (const { pid } of children) {
      for (const thread of await readdir(`/proc/${pid}/task`)) {
        const file = `/proc/${pid}/task/${thread}/schedstat`;
        texts[file] = await readFile(file, "utf8");
      }
    }
    return texts;
  };
}

const SCHEDSTAT = ["run_seconds", "runqueue_seconds", "run_periods"].map(
  (what) => `container_cpu_schedstat_${what}_total`,
);

/** Whole numbers are added before they become seconds. */
function schedstatSums(texts: Readonly<Record<string, string>>): number[] {
  const lines = Object.values(texts).map((text) => text.trim().split(" ").map(Number));
  const [run, runqueue, periods] = [0, 1, 2].map((field) =>
    lines.reduce((sum, numbers) => sum + (numbers[field] ?? NaN), 0),
  );
  return [run! / 1e9, runqueue! / 1e9, periods!];
}

function schedstatOf(page: string, { path: id }: PlainCgroup): (number | undefined)[] {
  return SCHEDSTAT.map((family) => seriesValue(page, family, [`id="${id}"`]));
}

function keyed(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, "m").exec(text)?.[1]);
}

/** Sets a quota, with its period, and what may be saved of it: all in microseconds. */
async function setQuota(cgroup: PlainCgroup, quota: number, period: number): Promise<void> {
  const folder = cgroup.folder("cpu");
  if (cgroups.version === 2) return writeFile(`${folder}/cpu.max`, `${quota} ${period}`);
  await writeFile(`${folder}/cpu.cfs_period_us`, String(period));
  await writeFile(`${folder}/cpu.cfs_quota_us`, String(quota));
}

async function scriptFile(name: string, text: string): Promise<string> {
  const file = path.join(program.folder, name);
  await writeFile(file, text);
  return file;
}

const STOP = `process.kill(process.pid, "SIGSTOP");`;

/** Burns so many milliseconds of CPU time. */
const BURN = `
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
  const burn = (ms) => { const end = used() + ms * 1000; while (used() < end); };`;

describeWith(["cgroups"], "the agent's numbers about CPUs", () => {
  beforeAll(async () => {
    cgroups = await openCgroups();
    ({ program, url: agent } = await startAgent(NO_ENGINE, "--metrics-enable=cpu,percpu,sched"));
  });

  afterAll(async () => {
    await program?.close();
    await cgroups?.close();
  });

  test("are the kernel's for each CPU, and add up to the whole to the nanosecond", async () => {
    const cgroup = await cgroups.create("percpu");
    const file = await scriptFile("burn.mjs", `${BURN} burn(Number(process.argv[2])); ${STOP}`);
    const cpus = availableParallelism() > 1 ? [0, 1] : [0];
    for (const cpu of cpus) {
      const command = ["taskset", "-c", String(cpu), process.execPath, file, `${1000 - cpu * 500}`];
      await stopped(await cgroup.run(command));
    }
    const names = cgroups.version === 1 ? ["cpuacct.usage", "cpuacct.usage_percpu"] : ["cpu.stat"];
    const controller = cgroups.version === 1 ? "cpuacct" : "cpu";

    const { texts, said } = await standingStill(
      agent,
      cgroup.path,
      filesOf(cgroup, controller, ...names),
    );

    const shown = (cpu: string): number | undefined =>
      seriesValue(said.page, "container_cpu_usage_seconds_total", [
        `{id="${cgroup.path}",cpu="${cpu}"`,
      ]);
    if (cgroups.version === 2) {
      expect(shown("cpu00")).toBeUndefined();
      expect(shown("total")).toBe(keyed(texts["cpu.stat"]!, "usage_usec") / 1e6);
      return;
    }
    const used = texts["cpuacct.usage_percpu"]!.trim().split(" ").map(Number);
    expect(shown("total")).toBeUndefined();
    for (const [cpu, nanoseconds] of used.entries()) {
      const expected = nanoseconds === 0 ? undefined : nanoseconds / 1e9;
      expect(shown(`cpu${String(cpu).padStart(2, "0")}`)).toBe(expected);
    }
    const whole = said.sample.columns["cpu_usage_nanoseconds"];
    expect(used.reduce((sum, one) => sum + one)).toBe(whole);
    expect(Number(texts["cpuacct.usage"])).toBe(whole);
    for (const cpu of cpus) expect(used[cpu]).toBeGreaterThanOrEqual(1e9 - cpu * 5e8);
  });

  test("have every burst beyond the quota, where the kernel lets it be saved", async () => {
    const cgroup = await cgroups.create("bursts");
    const [file, stat] =
      cgroups.version === 1 ? ["cpu.cfs_burst_us", "cpu.stat"] : ["cpu.max.burst", "cpu.stat"];
    await setQuota(cgroup, 20_000, 100_000);
    const hasBursts = existsSync(`${cgroup.folder("cpu")}/${file}`);
    if (hasBursts) await writeFile(`${cgroup.folder("cpu")}/${file}`, "20000");
    const script = await scriptFile(
      "bursts.mjs",
      `import { setTimeout } from "node:timers/promises"; ${BURN}
       for (let round = 0; round < 8; round++) { await setTimeout(300); burn(30); } ${STOP}`,
    );
    await stopped(await cgroup.run([process.execPath, script]));
    await until("the quota to be seen", async () =>
      (await ask(`${agent}/metrics`)).includes(
        `container_cpu_cfs_periods_total{id="${cgroup.path}"`,
      ),
    );

    const read = filesOf(cgroup, "cpu", stat);
    const { texts, said } = await standingStill(agent, cgroup.path, read);

    const shown = (what: string): number | undefined =>
      seriesValue(said.page, `container_cpu_cfs_${what}_total`, [`id="${cgroup.path}"`]);
    const text = texts[stat]!;
    expect(shown("periods")).toBe(keyed(text, "nr_periods"));
    expect(shown("throttled_periods")).toBe(keyed(text, "nr_throttled"));
    if (!hasBursts) {
      expect(shown("burst_periods")).toBeUndefined();
      return;
    }
    expect(shown("burst_periods")).toBe(keyed(text, "nr_bursts"));
    expect(shown("burst_periods")).toBeGreaterThan(0);
    const [key, scale] = cgroups.version === 1 ? ["burst_time", 1e9] : ["burst_usec", 1e6];
    expect(shown("burst_seconds")).toBe(keyed(text, key) / scale);
    expect(shown("burst_seconds")).toBeGreaterThan(0);
  });

  test("have every period of a cgroup that waits for many of them, while it waits", async () => {
    const cgroup = await cgroups.create("debt");
    // A thousandth of a CPU: what it uses before the kernel notices is more than it gets in seconds.
    await setQuota(cgroup, 1000, 1_000_000);
    const newest = async (): Promise<number | undefined> =>
      (await newestSample(agent, cgroup.path))?.columns["cpu_periods"];
    await until("the quota to be seen", async () => (await newest()) !== undefined);
    const child = await cgroup.run(["sh", "-c", "while :; do :; done"]);
    const read = async (): Promise<Record<string, number>> => {
      const text = await cgroup.read("cpu", "cpu.stat");
      return {
        cpu_periods: keyed(`${text}\n`, "nr_periods"),
        cpu_throttled_periods: keyed(`${text}\n`, "nr_throttled"),
      };
    };
    for (let sample = 0; sample < 10; sample++) {
      const before = await read();
      const { columns } = (await saidNext(agent, cgroup.path)).sample;
      const after = await read();
      for (const [column, number] of Object.entries(before)) {
        expect(columns[column], column).toBeGreaterThanOrEqual(number);
        expect(columns[column], column).toBeLessThanOrEqual(after[column]!);
      }
    }
    await child.stop({ signal: "SIGKILL" });
    // The kernel goes on counting for up to two periods more, though nothing runs.
    const last = await until("the last period to pass", async () => {
      const before = await read();
      await setTimeout(2500);
      return JSON.stringify(await read()) === JSON.stringify(before) && before;
    });

    expect((await saidNext(agent, cgroup.path)).sample.columns).toMatchObject(last);
    expect(last["cpu_throttled_periods"]).toBeGreaterThan(0);
  }, 120_000);

  test("are what the scheduler has counted of every thread, and never go back", async () => {
    if (!existsSync("/proc/self/schedstat")) return;
    const outer = await cgroups.create("threads");
    // On v2 a cgroup with children and controllers for them may hold no process; these have none.
    const inner = await cgroups.create("threads/inner");
    const worker = `
      const { parentPort } = require("node:worker_threads");
      const end = Date.now() + 100;
      while (Date.now() < end);
      parentPort.on("message", () => process.exit());
      parentPort.postMessage("done");`;
    const script = await scriptFile(
      "threads.mjs",
      `import { Worker } from "node:worker_threads"; ${BURN}
       const workers = Array.from({ length: 7 }, () => new Worker(${JSON.stringify(worker)}, { eval: true }));
       const all = (what) => Promise.all(workers.map((one) => new Promise((done) => one.once(what, done))));
       await all("message");
       ${STOP}
       for (const one of workers) one.postMessage("end");
       await all("exit");
       burn(100);
       ${STOP}`,
    );
    const child = await inner.run([process.execPath, script]);
    await stopped(child);
    // A cgroup is read before those below it, and takes over what they have found in the next sample.
    const sameAbove = (below: readonly unknown[]): Promise<unknown> =>
      until("the cgroup above to follow", async () => {
        const { page } = await saidNext(agent, outer.path);
        return JSON.stringify(schedstatOf(page, outer)) === JSON.stringify(below);
      });
    const main = await readFile(`/proc/${child.pid}/schedstat`, "utf8");

    const full = await standingStill(agent, inner.path, threadsOf(child));

    const sums = schedstatSums(full.texts);
    expect(schedstatOf(full.said.page, inner)).toEqual(sums);
    await sameAbove(sums);
    // They are all that has run here, but for what the first did before it was here.
    const used = full.said.sample.columns["cpu_usage_nanoseconds"]! / 1e9;
    expect(Math.abs(sums[0]! - used)).toBeLessThan(0.05);
    expect(Object.keys(full.texts).length).toBeGreaterThanOrEqual(8);
    expect(sums[0]).toBeGreaterThan(schedstatSums({ main })[0]!);

    child.signal("SIGCONT");
    await until(
      "its threads to end",
      async () =>
        (await readdir(`/proc/${child.pid}/task`)).length < Object.keys(full.texts).length,
    );
    await stopped(child);
    const fewer = await standingStill(agent, inner.path, threadsOf(child));

    // What the threads had used when they were read last stays, and the others have gone on.
    const now = schedstatOf(fewer.said.page, inner);
    const left = schedstatSums(fewer.texts);
    for (const [place, before] of sums.entries()) {
      expect(now[place]).toBeGreaterThanOrEqual(before);
      expect(now[place]).toBeGreaterThan(left[place]!);
    }
    await sameAbove(now);

    await child.stop({ signal: "SIGKILL" });
    await inner.remove();
    const gone = (await saidNext(agent, outer.path)).page;
    expect(seriesValue(gone, SCHEDSTAT[0]!, [`id="${outer.path}"`])).toBeGreaterThanOrEqual(
      now[0]!,
    );
  }, 120_000);
});
