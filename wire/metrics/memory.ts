import type { Family, Metric, Stat } from "./metric.ts";
import { faultsOf } from "./page-faults.ts";

function gauge(name: string, family: string, help: string): Metric {
  return { name, type: "gauge", group: "memory", scale: 1, family: { name: family, help } };
}

const usage = gauge(
  "memory_usage_bytes",
  "container_memory_usage_bytes",
  "Memory charged to the cgroup, page cache included, in bytes.",
);

const maxUsage = gauge(
  "memory_max_usage_bytes",
  "container_memory_max_usage_bytes",
  "Highest memory usage since the cgroup was made, in bytes.",
);

const workingSet = gauge(
  "memory_working_set_bytes",
  "container_memory_working_set_bytes",
  "Memory usage less the inactive page cache, in bytes.",
);

const rss = gauge("memory_rss_bytes", "container_memory_rss", "Anonymous memory, in bytes.");

const cache = gauge("memory_cache_bytes", "container_memory_cache", "Page cache, in bytes.");

const mappedFile = gauge(
  "memory_mapped_file_bytes",
  "container_memory_mapped_file",
  "Page cache that is mapped into processes, in bytes.",
);

const swap = gauge("memory_swap_bytes", "container_memory_swap", "Swap in use, in bytes.");

const activeFile = gauge(
  "memory_active_file_bytes",
  "container_memory_total_active_file_bytes",
  "Page cache on the active list, in bytes.",
);

const inactiveFile = gauge(
  "memory_inactive_file_bytes",
  "container_memory_total_inactive_file_bytes",
  "Page cache on the inactive list, in bytes.",
);

const faults = faultsOf("memory_faults", "pgfault", "hierarchy");

const majorFaults = faultsOf("memory_major_faults", "pgmajfault", "hierarchy");

const oomKills: Metric = {
  name: "memory_oom_kills",
  type: "counter",
  group: "oom_event",
  scale: 1,
};

/** Has a series for each cgroup, and for those that have gone: it is no family of one column. */
export const oomFamily: Family = {
  name: "container_oom_events_total",
  help: "Processes that the kernel killed because memory had run out, in the cgroup and below it.",
};

/** Memory of one cgroup. */
export const memoryMetrics: Readonly<
  Record<
    | "usage"
    | "maxUsage"
    | "workingSet"
    | "rss"
    | "cache"
    | "mappedFile"
    | "swap"
    | "activeFile"
    | "inactiveFile"
    | "faults"
    | "majorFaults"
    | "oomKills",
    Metric
  >
> = {
  usage,
  maxUsage,
  workingSet,
  rss,
  cache,
  mappedFile,
  swap,
  activeFile,
  inactiveFile,
  faults,
  majorFaults,
  oomKills,
};

function bytes(of: Metric, help: string, heapster?: string): Stat {
  const stat = {
    name: of.name,
    unit: "bytes",
    help,
    rollUp: "sum",
    from: { kind: "value", of },
  } as const;
  return heapster === undefined ? stat : { ...stat, heapster };
}

/** What `/stats` says of memory. */
export const memoryStats: readonly Stat[] = [
  bytes(usage, "Memory charged to the container, page cache included.", "memory/usage"),
  bytes(workingSet, "Memory usage less the inactive page cache.", "memory/working_set"),
  bytes(rss, "Anonymous memory.", "memory/rss"),
  bytes(cache, "Page cache.", "memory/cache"),
  bytes(swap, "Swap in use."),
  {
    name: "memory_limit_ratio",
    unit: "ratio",
    help: "Working set as a part of the memory limit.",
    rollUp: "mean",
    from: { kind: "share", of: workingSet, limit: "memory_bytes" },
  },
  {
    name: "memory_major_faults_per_second",
    unit: "per second",
    help: "Page faults that had to wait for a disk.",
    rollUp: "sum",
    from: { kind: "rate", of: majorFaults },
    heapster: "memory/major_page_faults_rate",
  },
  {
    name: "oom_kills",
    unit: "count",
    help: "Processes killed because memory had run out, in the container and below it.",
    rollUp: "sum",
    from: { kind: "value", of: oomKills },
  },
];
