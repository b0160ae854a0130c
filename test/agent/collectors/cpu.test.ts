import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { cpu } from "../../../agent/collectors/cpu.ts";
import { type Limits, NO_LIMITS } from "../../../wire/container.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";
const SCOPE = `/system.slice/docker-${V2_ID}.scope`;
const HALF: Limits = { ...NO_LIMITS, cpu_cores: 0.5 };

let kernel: FakeKernel;
let host: Host;

function use(recorded: "cgroup-v1" | "cgroup-v2", id: string): Probe {
  kernel = new FakeKernel(recorded);
  host = kernel.host();
  return probeOf(kernel, host, cpu, id);
}

afterEach(() => kernel[Symbol.dispose]());

describe("bursts", () => {
  const V1_STAT = "nr_periods 20\nnr_throttled 7\nthrottled_time 105\n";
  const V2_STAT =
    "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods 3\nnr_throttled 2\nthrottled_usec 1\n";

  it("are read in nanoseconds where a kernel with v1 has them", () => {
    const probe = use("cgroup-v1", WEB);
    kernel.write(`cpu${WEB}/cpu.stat`, `${V1_STAT}nr_bursts 4\nburst_time 5500\n`);
    expect(sampleOf(probe, { limits: HALF })).toMatchObject({
      cpu_burst_periods: 4,
      cpu_burst_nanoseconds: 5500,
    });
    const names = Object.keys(sampleOf(probe));
    expect(names).not.toContain("cpu_burst_periods");
    expect(names).not.toContain("cpu_periods");
  });

  it("are read in nanoseconds of a kernel with v2 that counts microseconds", () => {
    const probe = use("cgroup-v2", SCOPE);
    kernel.write(`${SCOPE}/cpu.stat`, `${V2_STAT}nr_bursts 4\nburst_usec 5500\n`);
    expect(sampleOf(probe, { limits: HALF })).toMatchObject({
      cpu_throttled_nanoseconds: 1000,
      cpu_burst_periods: 4,
      cpu_burst_nanoseconds: 5_500_000,
    });
    expect(Object.keys(sampleOf(probe))).toEqual([
      "cpu_usage_nanoseconds",
      "cpu_user_nanoseconds",
      "cpu_system_nanoseconds",
    ]);
  });

  it.each([
    ["cgroup-v1", WEB, `cpu${WEB}/cpu.stat`, V1_STAT],
    ["cgroup-v2", SCOPE, `${SCOPE}/cpu.stat`, V2_STAT],
  ] as const)(
    "are absent where the kernel has none, or a line is cut, on %s",
    (recorded, id, path, stat) => {
      const probe = use(recorded, id);
      for (const more of ["", "nr_bursts x\nburst_time\n", "nr_bursts 4"]) {
        kernel.write(path, stat + more);
        const columns = sampleOf(probe, { limits: HALF });
        expect(columns["cpu_throttled_periods"]).toBeGreaterThan(0);
        expect(Object.keys(columns).join()).not.toContain("burst");
      }
    },
  );
});

describe("a cgroup of v1 that stands still", () => {
  let probe: Probe;
  beforeEach(() => {
    probe = use("cgroup-v1", WEB);
  });

  function readsOf(limits: Limits = NO_LIMITS): number {
    const before = host.files.reads;
    sampleOf(probe, { limits });
    return host.files.reads - before;
  }

  function spent(usage: number, user: number): void {
    kernel.write(`cpuacct${WEB}/cpuacct.usage`, `${usage}\n`);
    kernel.write(`cpuacct${WEB}/cpuacct.stat`, `user ${user}\nsystem 0\n`);
  }

  function passed(periods: number): void {
    kernel.write(`cpu${WEB}/cpu.stat`, `nr_periods ${periods}\nnr_throttled 7\nthrottled_time 1\n`);
  }

  it("costs one read, and keeps its numbers", () => {
    const first = sampleOf(probe);
    expect([readsOf(), readsOf(), readsOf()]).toEqual([2, 1, 1]);
    expect(sampleOf(probe)).toEqual(first);
    spent(900_000_000, 80);
    expect(readsOf()).toBe(2);
    expect(sampleOf(probe)).toMatchObject({ cpu_user_nanoseconds: 800_000_000 });
  });

  it("is believed to count no more periods only when three intervals have brought none", () => {
    expect([1, 2, 3, 4, 5, 6].map(() => readsOf(HALF))).toEqual([3, 3, 2, 2, 1, 1]);
    expect(sampleOf(probe, { limits: HALF })).toMatchObject({ cpu_periods: 20 });
  });

  it("has every period in which it waits, throttled, for as long as that may be", () => {
    for (let periods = 21; periods < 40; periods++) {
      passed(periods);
      expect(sampleOf(probe, { limits: HALF })).toMatchObject({ cpu_periods: periods });
    }
    // Every other sample without one.
    for (let periods = 40; periods < 45; periods++) {
      passed(periods);
      for (const limits of [HALF, HALF]) {
        expect(sampleOf(probe, { limits })).toMatchObject({ cpu_periods: periods });
      }
    }
  });

  it("is read again when it moves, and when it is given another quota", () => {
    for (let sample = 0; sample < 6; sample++) readsOf(HALF);
    passed(21);
    const other: Limits = { ...NO_LIMITS, cpu_cores: 1 };
    expect(sampleOf(probe, { limits: other })).toMatchObject({ cpu_periods: 21 });
    for (let sample = 0; sample < 6; sample++) readsOf(other);
    passed(22);
    spent(900_000_000, 80);
    expect(sampleOf(probe, { limits: other })).toMatchObject({ cpu_periods: 22 });
  });

  it("does not keep numbers of a file that can't be read any more", () => {
    sampleOf(probe, { limits: HALF });
    spent(900_000_000, 80);
    kernel.write(`cpuacct${WEB}/cpuacct.stat`, "garbage\n");
    kernel.write(`cpu${WEB}/cpu.stat`, "garbage\n");
    expect(sampleOf(probe, { limits: HALF })).toEqual({ cpu_usage_nanoseconds: 900_000_000 });
  });
});
