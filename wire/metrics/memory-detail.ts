import type { Metric } from "./metric.ts";
import { faultsOf } from "./page-faults.ts";

function column(type: "counter" | "gauge", name: string, family: string, help: string): Metric {
  return { name, type, group: "memory", scale: 1, family: { name: family, help } };
}

const ownFaults = faultsOf("memory_own_faults", "pgfault", "container");

const ownMajorFaults = faultsOf("memory_own_major_faults", "pgmajfault", "container");

const kernel = column(
  "gauge",
  "memory_kernel_bytes",
  "container_memory_kernel_usage",
  "Memory that the kernel uses for the cgroup, in bytes.",
);

const failures = column(
  "counter",
  "memory_limit_hits",
  "container_memory_failcnt",
  "Times that memory usage ran into the limit.",
);

const eventsHigh = column(
  "counter",
  "memory_high_events",
  "container_memory_events_high_total",
  "Times that memory usage went over memory.high; cgroup v2 only.",
);

const eventsMax = column(
  "counter",
  "memory_max_events",
  "container_memory_events_max_total",
  "Times that memory usage was about to go over memory.max; cgroup v2 only.",
);

const dirty = column(
  "gauge",
  "memory_dirty_bytes",
  "container_memory_file_dirty_bytes",
  "Page cache that has to be written to a disk, in bytes.",
);

const writeback = column(
  "gauge",
  "memory_writeback_bytes",
  "container_memory_file_writeback_bytes",
  "Page cache that is being written to a disk, in bytes.",
);

const scanned = column(
  "counter",
  "memory_scanned_pages",
  "container_memory_pgscan_total",
  "Pages that were looked at to make room; cgroup v2 only.",
);

const reclaimed = column(
  "counter",
  "memory_reclaimed_pages",
  "container_memory_pgsteal_total",
  "Pages that were dropped to make room; cgroup v2 only.",
);

const refaultedFile = column(
  "counter",
  "memory_refaulted_file_pages",
  "container_memory_workingset_refault_file_total",
  "Pages of files that were needed again soon after they had been dropped.",
);

const refaultedAnon = column(
  "counter",
  "memory_refaulted_anon_pages",
  "container_memory_workingset_refault_anon_total",
  "Anonymous pages that were needed again soon after they had been moved to swap.",
);

/** Memory of one cgroup, what only `/metrics` tells. */
export const memoryDetailMetrics: Readonly<
  Record<
    | "ownFaults"
    | "ownMajorFaults"
    | "kernel"
    | "failures"
    | "eventsHigh"
    | "eventsMax"
    | "dirty"
    | "writeback"
    | "scanned"
    | "reclaimed"
    | "refaultedFile"
    | "refaultedAnon",
    Metric
  >
> = {
  ownFaults,
  ownMajorFaults,
  kernel,
  failures,
  eventsHigh,
  eventsMax,
  dirty,
  writeback,
  scanned,
  reclaimed,
  refaultedFile,
  refaultedAnon,
};
