import { afterEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { readSpec } from "../../../agent/cgroup/spec.ts";
import { limitsOf } from "../../../agent/inventory/limits.ts";
import { FakeKernel } from "../fake-kernel.ts";

let kernel: FakeKernel;

afterEach(() => kernel[Symbol.dispose]());

function specOf(id: string): ReturnType<typeof readSpec> {
  return readSpec(cgroupAt(kernel.hierarchies, id), kernel.host().files);
}

describe("the limits of a cgroup", () => {
  it("are read on v1, where a huge number means none", () => {
    kernel = new FakeKernel("cgroup-v1");
    const spec = specOf("/docker/web");
    expect(spec).toEqual({
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      cpuShares: 1024,
      memoryLimit: 67_108_864,
      memoryReservation: Infinity,
      swapLimit: Infinity,
      pidsLimit: Infinity,
    });
    expect(limitsOf(spec)).toEqual({ cpu_cores: 0.5, memory_bytes: 67_108_864, pids: null });
  });

  it("are none on v1 when the quota is -1", () => {
    kernel = new FakeKernel("cgroup-v1");
    kernel.write("cpu/docker/web/cpu.cfs_quota_us", "-1\n");
    expect(limitsOf(specOf("/docker/web")).cpu_cores).toBeNull();
  });

  it("are read on v2", () => {
    kernel = new FakeKernel("empty-v2");
    kernel.write("a/cpu.max", "150000 100000\n");
    kernel.write("a/cpu.weight", "100\n");
    kernel.write("a/memory.max", "max\n");
    kernel.write("a/pids.max", "20\n");
    const spec = specOf("/a");
    expect(spec).toMatchObject({ cpuQuota: 150_000, cpuPeriod: 100_000, cpuShares: 2597 });
    expect(limitsOf(spec)).toEqual({ cpu_cores: 1.5, memory_bytes: null, pids: 20 });
  });

  it("are unknown where the controller is off, and none by `max`", () => {
    kernel = new FakeKernel("empty-v2");
    kernel.write("a/cpu.max", "max 100000\n");
    const spec = specOf("/a");
    expect(spec.cpuQuota).toBe(Infinity);
    expect(spec.memoryLimit).toBeNaN();
    expect(limitsOf(spec)).toEqual({ cpu_cores: null, memory_bytes: null, pids: null });
  });
});
