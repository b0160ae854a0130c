import type { Metric, Stat } from "./metric.ts";

const NANOSECONDS = 1e9;

const usage: Metric = {
  name: "cpu_usage_nanoseconds",
  type: "counter",
  group: "cpu",
  scale: NANOSECONDS,
  family: {
    name: "container_cpu_usage_seconds_total",
    help: "CPU time used, in seconds.",
    labels: { cpu: "total" },
  },
};

const user: Metric = {
  name: "cpu_user_nanoseconds",
  type: "counter",
  group: "cpu",
  scale: NANOSECONDS,
  family: {
    name: "container_cpu_user_seconds_total",
    help: "CPU time used in user mode, in seconds.",
  },
};

const system: Metric = {
  name: "cpu_system_nanoseconds",
  type: "counter",
  group: "cpu",
  scale: NANOSECONDS,
  family: {
    name: "container_cpu_system_seconds_total",
    help: "CPU time used in the kernel, in seconds.",
  },
};

const periods: Metric = {
  name: "cpu_periods",
  type: "counter",
  group: "cpu",
  scale: 1,
  family: {
    name: "container_cpu_cfs_periods_total",
    help: "Enforcement periods of the CPU quota that have passed.",
  },
};

const throttledPeriods: Metric = {
  name: "cpu_throttled_periods",
  type: "counter",
  group: "cpu",
  scale: 1,
  family: {
    name: "container_cpu_cfs_throttled_periods_total",
    help: "Enforcement periods in which the CPU quota ran out.",
  },
};

const throttled: Metric = {
  name: "cpu_throttled_nanoseconds",
  type: "counter",
  group: "cpu",
  scale: NANOSECONDS,
  family: {
    name: "container_cpu_cfs_throttled_seconds_total",
    help: "Time that tasks waited because the CPU quota had run out, in seconds.",
  },
};

const burstPeriods: Metric = {
  name: "cpu_burst_periods",
  type: "counter",
  group: "cpu",
  scale: 1,
  family: {
    name: "container_cpu_cfs_burst_periods_total",
    help: "Enforcement periods in which more than the CPU quota was used, out of what was saved before.",
  },
};

const burst: Metric = {
  name: "cpu_burst_nanoseconds",
  type: "counter",
  group: "cpu",
  scale: NANOSECONDS,
  family: {
    name: "container_cpu_cfs_burst_seconds_total",
    help: "CPU time used beyond the CPU quota, out of what was saved before, in seconds.",
  },
};

/** CPU time and throttling of one cgroup. */
export const cpuMetrics: Readonly<
  Record<"usage" | "user" | "system" | "periods" | "throttledPeriods" | "throttled", Metric>
> = { usage, user, system, periods, throttledPeriods, throttled };

/** Bursts beyond the quota; kernels before 5.14 have none. */
export const cpuBurstMetrics: Readonly<Record<"burstPeriods" | "burst", Metric>> = {
  burstPeriods,
  burst,
};

/** What `/stats` says of the CPU. */
export const cpuStats: readonly Stat[] = [
  {
    name: "cpu_cores",
    unit: "cores",
    help: "CPU cores in use.",
    rollUp: "sum",
    from: { kind: "rate", of: usage },
    heapster: "cpu/usage_rate",
  },
  {
    name: "cpu_user_cores",
    unit: "cores",
    help: "CPU cores in use in user mode.",
    rollUp: "sum",
    from: { kind: "rate", of: user },
  },
  {
    name: "cpu_system_cores",
    unit: "cores",
    help: "CPU cores in use in the kernel.",
    rollUp: "sum",
    from: { kind: "rate", of: system },
  },
  {
    name: "cpu_throttled_ratio",
    unit: "ratio",
    help: "Part of the quota's enforcement periods in which the quota ran out.",
    rollUp: "mean",
    from: { kind: "ratio", of: throttledPeriods, over: periods },
  },
];
