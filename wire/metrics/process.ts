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

const threadsMax: Metric = {
  name: "threads_max",
  type: "gauge",
  group: "process",
  scale: 1,
  family: {
    name: "container_threads_max",
    help: "Threads that the cgroup and everything below it may have; 0 = no limit.",
  },
};

/** How many tasks a cgroup may have. */
export const processLimitMetrics: Readonly<Record<"threadsMax", Metric>> = { threadsMax };

const fileDescriptors: Metric = {
  name: "file_descriptors",
  type: "gauge",
  group: "process",
  scale: 1,
  family: {
    name: "container_file_descriptors",
    help: "Open file descriptors of the processes in the cgroup itself.",
  },
};

const sockets: Metric = {
  name: "sockets",
  type: "gauge",
  group: "process",
  scale: 1,
  family: {
    name: "container_sockets",
    help: "Open file descriptors that are sockets, of the processes in the cgroup itself.",
  },
};

const maxOpenFiles: Metric = {
  name: "ulimit_soft_max_open_files",
  type: "gauge",
  group: "process",
  scale: 1,
  family: {
    name: "container_ulimits_soft",
    help: "Soft limit of the cgroup's first process; -1 = no limit.",
    labels: { ulimit: "max_open_files" },
  },
};

/** Of which cAdvisor has no family, but a field in its REST API. */
const maxOpenFilesHard: Metric = {
  name: "ulimit_hard_max_open_files",
  type: "gauge",
  group: "process",
  scale: 1,
};

/** What the processes of one cgroup hold open, and may. */
export const descriptorMetrics: Readonly<
  Record<"fileDescriptors" | "sockets" | "maxOpenFiles" | "maxOpenFilesHard", Metric>
> = { fileDescriptors, sockets, maxOpenFiles, maxOpenFilesHard };

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
