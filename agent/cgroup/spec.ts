import { join } from "node:path";

import type { Cgroup } from "./cgroup.ts";
import type { KernelFiles } from "./kernel-files.ts";
import { parseNumber } from "./parse.ts";

/** Above this the kernel means "no limit": v1 has the greatest number of whole pages. */
const NO_MEMORY_LIMIT = 2 ** 62;

/** What a cgroup's own files say of its share and limits, as cAdvisor's `container_spec_*` has it. */
export interface Spec {
  /** µs; NaN without a CPU controller. */
  readonly cpuPeriod: number;
  /** µs a period; Infinity = no quota, NaN without a CPU controller. */
  readonly cpuQuota: number;
  readonly cpuShares: number;
  /** Infinity = no limit, NaN without a memory controller. */
  readonly memoryLimit: number;
  readonly memoryReservation: number;
  readonly swapLimit: number;
  readonly pidsLimit: number;
}

/** Reads one number of a file, once. */
type ReadNumber = (controller: string, file: string) => number;

function reader(cgroup: Cgroup, files: KernelFiles): ReadNumber {
  return (controller, name) => {
    const place = cgroup.controller(controller);
    if (place === undefined || !files.readOnce(join(place.directory, name))) return Number.NaN;
    return parseNumber(files.text);
  };
}

function memoryLimit(bytes: number): number {
  return bytes > NO_MEMORY_LIMIT ? Number.POSITIVE_INFINITY : bytes;
}

/** `cpu.max` is `quota period`, the quota a number of µs or `max`. */
function parseCpuMax(text: string): { quota: number; period: number } {
  const [quota, period] = text.trim().split(" ");
  return {
    quota: quota === "max" ? Number.POSITIVE_INFINITY : Number(quota || Number.NaN),
    period: Number(period ?? Number.NaN),
  };
}

/** cAdvisor's mapping of a v2 weight (1 … 10000) to v1 shares (2 … 262144). */
function sharesOfWeight(weight: number): number {
  return 2 + Math.floor(((weight - 1) * 262_142) / 9999);
}

function readV1Spec(number: ReadNumber): Spec {
  return {
    cpuPeriod: number("cpu", "cpu.cfs_period_us"),
    cpuQuota: number("cpu", "cpu.cfs_quota_us"),
    cpuShares: number("cpu", "cpu.shares"),
    memoryLimit: memoryLimit(number("memory", "memory.limit_in_bytes")),
    memoryReservation: memoryLimit(number("memory", "memory.soft_limit_in_bytes")),
    swapLimit: memoryLimit(number("memory", "memory.memsw.limit_in_bytes")),
    pidsLimit: number("pids", "pids.max"),
  };
}

function readV2Spec(cgroup: Cgroup, files: KernelFiles, number: ReadNumber): Spec {
  const directory = cgroup.controller("cpu")?.directory ?? "";
  const hasMax = files.readOnce(join(directory, "cpu.max"));
  const { bytes, length } = files.text;
  const max = hasMax ? parseCpuMax(Buffer.from(bytes.subarray(0, length)).toString()) : undefined;
  return {
    cpuPeriod: max?.period ?? Number.NaN,
    cpuQuota: max?.quota ?? Number.NaN,
    cpuShares: sharesOfWeight(number("cpu", "cpu.weight")),
    memoryLimit: number("memory", "memory.max"),
    memoryReservation: number("memory", "memory.min"),
    swapLimit: number("memory", "memory.swap.max"),
    pidsLimit: number("pids", "pids.max"),
  };
}

/** Reads the limits of a cgroup; what its host does not have is NaN. */
export function readSpec(cgroup: Cgroup, files: KernelFiles): Spec {
  const number = reader(cgroup, files);
  return cgroup.controller("cpu")?.version === 2
    ? readV2Spec(cgroup, files, number)
    : readV1Spec(number);
}
