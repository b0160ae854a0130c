import type { Family, Metric, Stat } from "./metric.ts";

function gauge(name: string, family?: Family): Metric {
  const metric = { name, type: "gauge", group: "process", scale: 1 } as const;
  return family === undefined ? metric : { ...metric, family };
}

const threads = gauge("threads", {
  name: "container_threads",
  help: "Threads in the cgroup and everything below it.",
});

const processes = gauge("processes", {
  name: "container_processes",
  help: "Processes in the cgroup itself.",
});

/** Tasks of one cgroup. */
export const processMetrics: Readonly<Record<"processes" | "threads", Metric>> = {
  processes,
  threads,
};

const threadsMax = gauge("threads_max", {
  name: "container_threads_max",
  help: "Threads that the cgroup and everything below it may have; 0 = no limit.",
});

/** How many tasks a cgroup may have. */
export const processLimitMetrics: Readonly<Record<"threadsMax", Metric>> = { threadsMax };

const fileDescriptors = gauge("file_descriptors", {
  name: "container_file_descriptors",
  help: "Open file descriptors of the processes in the cgroup itself.",
});

const sockets = gauge("sockets", {
  name: "container_sockets",
  help: "Open file descriptors that are sockets, of the processes in the cgroup itself.",
});

const maxOpenFiles = gauge("ulimit_soft_max_open_files", {
  name: "container_ulimits_soft",
  help: "Soft limit of the cgroup's first process; -1 = no limit.",
  labels: { ulimit: "max_open_files" },
});

/** Of which cAdvisor has no family, but a field in its REST API. */
const maxOpenFilesHard = gauge("ulimit_hard_max_open_files");

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
