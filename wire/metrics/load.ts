import type { Metric, Series } from "./metric.ts";

function average(name: string, help: string): Metric {
  return {
    name: `${name}_milli`,
    type: "gauge",
    group: "cpuLoad",
    // cAdvisor shows thousandths, and so do those who query it.
    scale: 1,
    family: { name: `container_${name}`, help },
  };
}

/** Tasks that run or wait for a CPU, and tasks that can't be interrupted: averages, in thousandths. */
export const loadMetrics: Readonly<Record<"running" | "uninterruptible", Metric>> = {
  running: average(
    "cpu_load_average_10s",
    "Tasks that run or wait for a CPU, averaged over 10 seconds, in thousandths.",
  ),
  uninterruptible: average(
    "cpu_load_d_average_10s",
    "Tasks that can't be interrupted, averaged over 10 seconds, in thousandths.",
  ),
};

/**
 * The states of tasks. cAdvisor's `iowaiting` is not among them: the kernel shows of no task whether
 * it waits for I/O; those that can't be interrupted meanwhile are uninterruptible.
 */
export const TASK_STATES = ["sleeping", "running", "stopped", "uninterruptible"] as const;

/** Tasks by their state. */
export const loadSeries: readonly Series[] = [
  {
    type: "gauge",
    group: "cpuLoad",
    scale: 1,
    family: { name: "container_tasks_state", help: "Tasks of the cgroup itself, by their state." },
    per: ["state"],
  },
];
