import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { KernelFiles } from "../../../agent/cgroup/kernel-files.ts";
import { cpu } from "../../../agent/collectors/cpu.ts";
import { memory } from "../../../agent/collectors/memory.ts";
import { Inventory } from "../../../agent/inventory/inventory.ts";
import { Sampler } from "../../../agent/window/sampler.ts";
import { Window } from "../../../agent/window/window.ts";
import { allStats, columnOf } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import type { Ring } from "../../../wire/ring.ts";
import { containerStats, derivationOf } from "../../../wire/stats/answer.ts";
import { parseStatsQuery } from "../../../wire/stats/query.ts";
import { FakeKernel } from "../fake-kernel.ts";

const WEB = "/docker/web";
const HOUR = 3_600_000;
const USAGE = columnOf(cpuMetrics.usage);

/** Of each second that passes for its tasks. */
const CORES = 0.25;

let kernel: FakeKernel;
let window: Window;
let sampler: Sampler;
let files: KernelFiles;
let wall: number;
let monotonic: number;
let used: number;

/** Time goes by; the container works through `run` milliseconds of it. */
function passes(milliseconds: number, run = milliseconds): void {
  wall += milliseconds;
  monotonic += milliseconds;
  used += run * 1e6 * CORES;
  kernel.write("cpuacct/docker/web/cpuacct.usage", `${used}\n`);
}

function ringOf(id = WEB): Ring {
  return window.get(id)!.ring;
}

/** The cores between each sample and the one before; NaN = absent. */
function cores(): number[] {
  const { ring, container } = window.get(WEB)!;
  const stat = allStats.find(({ name }) => name === "cpu_cores")!;
  return Array.from({ length: ring.length }, (_, position) =>
    derivationOf(stat)(ring, position, container.limits),
  );
}

function times(): number[] {
  const ring = ringOf();
  return Array.from({ length: ring.length }, (_, position) => ring.timeAt(position));
}

/** So many samples, a second apart. */
async function sample(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    passes(1000);
    await sampler.pass();
  }
}

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  wall = Date.parse("2026-11-21T06:15:30Z");
  monotonic = 5000;
  used = 1e9;
  passes(0);
  window = new Window(60, 60_000);
  // Files are opened for each read, so that what happens to their paths is seen.
  files = new KernelFiles(0);
  sampler = new Sampler({
    hierarchies: kernel.hierarchies,
    collectors: [cpu, memory],
    host: { ...kernel.host(), files },
    inventory: new Inventory(() => {}),
    window,
    clock: { now: () => wall, monotonic: () => monotonic },
    intervalMs: 1000,
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await sampler.close();
  kernel[Symbol.dispose]();
});

describe("a clock that is set", () => {
  it.each([
    ["back", [-HOUR]],
    ["forth", [HOUR]],
    ["back and forth, again and again", [-HOUR, HOUR, HOUR, -HOUR, 24 * HOUR, -48 * HOUR]],
  ])("%s leaves every rate what it is, and no sample out", async (_, steps) => {
    const expected: number[] = [];
    for (const step of steps) {
      for (let second = 0; second < 5; second++) {
        await sample(1);
        expected.push(wall);
      }
      wall += step;
    }
    await sample(5);
    // The clock is believed, whatever it says.
    expect(times().slice(0, expected.length)).toEqual(expected);
    expect(times()).toHaveLength(expected.length + 5);
    const [first, ...others] = cores();
    expect(first).toBeNaN();
    for (const value of others) expect(value).toBeCloseTo(CORES, 9);
    const query = parseStatsQuery({ metrics: "cpu_cores", stat: "min,max,avg" });
    const { window: sums } = containerStats(window.get(WEB)!, query);
    for (const value of Object.values(sums["cpu_cores"]!)) expect(value).toBeCloseTo(CORES, 9);
  });

  it("lets what has gone be told for a window's length, and no longer", async () => {
    await sample(3);
    for (const controller of ["cpu", "cpuacct", "memory", "pids", "blkio"]) {
      rmSync(join(kernel.cgroupRoot, controller, "docker/web"), { recursive: true });
    }
    for (let second = 0; second < 10 && window.get(WEB) !== undefined; second++)
      await sampler.pass();
    expect(window.get(WEB)).toBeUndefined();
    expect([...window.all()].map(({ cgroup }) => cgroup.id)).toContain(WEB);
    wall += HOUR;
    await sampler.pass();
    expect([...window.all()].map(({ cgroup }) => cgroup.id)).toContain(WEB);
    wall -= 2 * HOUR;
    monotonic += 120_000;
    await sampler.pass();
    expect([...window.all()].map(({ cgroup }) => cgroup.id)).not.toContain(WEB);
  });
});

describe("a machine that has slept", () => {
  it("has one long interval where its clocks went on, with the rate of all of it", async () => {
    await sample(3);
    passes(600_000);
    await sample(3);
    for (const value of cores().slice(1)) expect(value).toBeCloseTo(CORES, 9);
    expect(ringOf().intervalAt(3)).toBe(601_000);
    expect(times()[3]! - times()[2]!).toBe(601_000);
  });

  it("has a rate of the time in which its tasks could run, where only the wall clock went on", async () => {
    await sample(3);
    wall += 600_000;
    await sample(3);
    for (const value of cores().slice(1)) expect(value).toBeCloseTo(CORES, 9);
    expect(ringOf().intervalAt(3)).toBe(1000);
  });

  it("did nothing meanwhile: that is no load at all, and no negative one", async () => {
    await sample(3);
    passes(600_000, 0);
    await sample(3);
    const [, ...values] = cores();
    expect(values[2]).toBeCloseTo(CORES / 601, 9);
    for (const value of values) expect(value).toBeGreaterThanOrEqual(0);
  });

  it("has missed the seconds in between, each counted once, and goes on in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await sampler.start();
    const tick = async (milliseconds: number): Promise<void> => {
      passes(milliseconds);
      await vi.advanceTimersByTimeAsync(Math.min(milliseconds, 1000));
      await new Promise(setImmediate);
      await vi.advanceTimersByTimeAsync(0);
    };
    for (let second = 0; second < 5; second++) await tick(1000);
    expect(sampler.cost.missed).toBe(0);
    const before = sampler.cost.passes;
    await tick(600_000);
    expect(sampler.cost.passes).toBe(before + 1);
    expect(sampler.cost.missed).toBeGreaterThanOrEqual(598);
    expect(sampler.cost.missed).toBeLessThanOrEqual(600);
    const { missed } = sampler.cost;
    for (let second = 0; second < 5; second++) await tick(1000);
    expect(sampler.cost.missed).toBe(missed);
    expect(sampler.cost.passes).toBe(before + 6);
    for (const value of cores().slice(1)) expect(value).toBeCloseTo(CORES, 6);
  });
});

describe("a cgroup's file that can't be read", () => {
  const path = (): string => join(kernel.cgroupRoot, "cpuacct/docker/web/cpuacct.usage");

  it.each([
    // Of what the kernel itself refuses to read, even to root.
    ["EIO", "/proc/self/mem", "other"],
    ["EACCES", "/proc/sys/vm/compact_memory", "denied"],
  ])("%s: is absent and counted, nothing else is, and it comes back", async (_, odd, reason) => {
    await sample(3);
    rmSync(path());
    symlinkSync(odd, path());
    for (let second = 0; second < 2; second++) {
      wall += 1000;
      monotonic += 1000;
      await sampler.pass();
      const ring = ringOf();
      expect(ring.valueAt(ring.length - 1, USAGE)).toBeNaN();
      expect(ring.valueAt(ring.length - 1, columnOf(memoryMetrics.usage))).toBeGreaterThan(0);
    }
    expect([...files.failures]).toEqual([[reason, 2]]);
    rmSync(path());
    await sample(2);
    const [absent, here] = [Number.NaN, CORES];
    expect(cores()).toEqual([absent, here, here, absent, absent, absent, here]);
    expect([...files.failures]).toEqual([[reason, 2]]);
  });
});
