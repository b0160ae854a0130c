import type { Metric } from "./metric.ts";

const run: Metric = {
  name: "sched_run_nanoseconds",
  type: "counter",
  group: "sched",
  scale: 1e9,
  family: {
    name: "container_cpu_schedstat_run_seconds_total",
    help: "Time that threads have run on a CPU, in seconds.",
  },
};

const runqueue: Metric = {
  name: "sched_runqueue_nanoseconds",
  type: "counter",
  group: "sched",
  scale: 1e9,
  family: {
    name: "container_cpu_schedstat_runqueue_seconds_total",
    help: "Time that threads have waited for a CPU although they could have run, in seconds.",
  },
};

const runPeriods: Metric = {
  name: "sched_run_periods",
  type: "counter",
  group: "sched",
  scale: 1,
  family: {
    name: "container_cpu_schedstat_run_periods_total",
    help: "Times that a thread was given a CPU.",
  },
};

/** What the scheduler counts of the threads in one cgroup and everything below it. */
export const schedMetrics: Readonly<Record<"run" | "runqueue" | "runPeriods", Metric>> = {
  run,
  runqueue,
  runPeriods,
};
