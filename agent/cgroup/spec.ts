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
  /** The CPUs that it may use, `0-3,8`; undefined without a cpuset controller, empty = those of the cgroup above. */
  readonly cpuMask?: string | undefined;
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

const CPU_MAX = /^(max|\d{1,20}) (\d{1,20})(?:\n|$)/;

/** `cpu.max` is `quota period`, the quota a number of µs or `max`. */
export function parseCpuMax(text: string): { quota: number; period: number } {
  const [, quota, period] = CPU_MAX.exec(text) ?? [];
  return {
    quota: quota === "max" ? Number.POSITIVE_INFINITY : Number(quota ?? Number.NaN),
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

const MASK = /^[\d,-]*$/;

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpuset-interface-files */
function readMask(cgroup: Cgroup, files: KernelFiles): string | undefined {
  const place = cgroup.controller("cpuset");
  if (place === undefined) return undefined;
  const name = place.version === 2 ? "cpuset.cpus.effective" : "cpuset.cpus";
  if (!files.readOnce(join(place.directory, name))) return undefined;
  const { bytes, length } = files.text;
  const mask = Buffer.from(bytes.subarray(0, length)).toString("latin1").trim();
  return MASK.test(mask) ? mask : undefined;
}

/** Reads the limits of a cgroup; what its host does not have is NaN. */
export function readSpec(cgroup: Cgroup, files: KernelFiles): Spec {
  const number = reader(cgroup, files);
  const spec =
    cgroup.controller("cpu")?.version === 2
      ? readV2Spec(cgroup, files, number)
      : readV1Spec(number);
  return { ...spec, cpuMask: readMask(cgroup, files) };
}
