import type { Family } from "./metric.ts";

/** The limits and shares of a cgroup in the kernel's own numbers; Infinity = no limit, NaN = not known. */
export interface SpecFacts {
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpuShares: number;
  readonly memoryLimit: number;
  readonly memoryReservation: number;
  readonly swapLimit: number;
}

/** A family about what a container may use. */
export interface SpecMetric extends Family {
  readonly of: keyof SpecFacts;
  /** What stands for "no limit"; undefined = no series. */
  readonly unlimited: number | undefined;
}

/** What a container may use, as cAdvisor has it. */
export const specMetrics: readonly SpecMetric[] = [
  {
    name: "container_spec_cpu_period",
    of: "cpuPeriod",
    unlimited: undefined,
    help: "Length of an enforcement period of the CPU quota, in microseconds.",
  },
  {
    name: "container_spec_cpu_quota",
    of: "cpuQuota",
    unlimited: undefined,
    help: "CPU time allowed in each period, in microseconds.",
  },
  {
    name: "container_spec_cpu_shares",
    of: "cpuShares",
    unlimited: undefined,
    help: "Share of the CPU relative to other cgroups.",
  },
  {
    name: "container_spec_memory_limit_bytes",
    of: "memoryLimit",
    unlimited: 0,
    help: "Memory limit, in bytes; 0 = none.",
  },
  {
    name: "container_spec_memory_reservation_limit_bytes",
    of: "memoryReservation",
    unlimited: 0,
    help: "Memory reservation, in bytes; 0 = none.",
  },
  {
    name: "container_spec_memory_swap_limit_bytes",
    of: "swapLimit",
    unlimited: 0,
    help: "Limit of memory and swap (v1) or of swap alone (v2), in bytes; 0 = none.",
  },
];
