import type { Metric, Stat } from "./metric.ts";

const threads: Metric = {
  name: "threads",
  type: "gauge",
  group: "process",
  scale: 1,
  family: { name: "container_threads", help: "Threads in the cgroup and everything below it." },
};

const processes: Metric = {
  name: "processes",
  type: "gauge",
  group: "process",
  scale: 1,
  family: { name: "container_processes", help: "Processes in the cgroup itself." },
};

/** Tasks of one cgroup. */
export const processMetrics: Readonly<Record<"processes" | "threads", Metric>> = {
  processes,
  threads,
};

/** What `/stats` says of processes. */
export const processStats: readonly Stat[] = [
  {
    name: "processes",
    unit: "count",
    help: "Processes.",
    rollUp: "sum",
    from: { kind: "value", of: processes },
  },
  {
    name: "threads",
    unit: "count",
    help: "Threads.",
    rollUp: "sum",
    from: { kind: "value", of: threads },
  },
];
