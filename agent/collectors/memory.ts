import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { memoryMetrics } from "../../wire/metrics/memory.ts";
import type { Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { KeyedFile } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";

const USAGE = columnOf(memoryMetrics.usage);
const MAX_USAGE = columnOf(memoryMetrics.maxUsage);
const WORKING_SET = columnOf(memoryMetrics.workingSet);
const SWAP = columnOf(memoryMetrics.swap);
const INACTIVE_FILE = columnOf(memoryMetrics.inactiveFile);
const CACHE = columnOf(memoryMetrics.cache);
const RSS = columnOf(memoryMetrics.rss);
const OOM_KILLS = columnOf(memoryMetrics.oomKills);

/** Columns in the order of the keys of `memory.stat` below. */
const STAT_COLUMNS = [
  RSS,
  CACHE,
  columnOf(memoryMetrics.mappedFile),
  columnOf(memoryMetrics.activeFile),
  INACTIVE_FILE,
  columnOf(memoryMetrics.faults),
  columnOf(memoryMetrics.majorFaults),
];

/** Of the cgroup and all below it. https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#stat-file */
const statV1 = new KeyedFile([
  "total_rss",
  "total_cache",
  "total_mapped_file",
  "total_active_file",
  "total_inactive_file",
  "total_pgfault",
  "total_pgmajfault",
  "total_swap",
]);

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files */
const statV2 = new KeyedFile([
  "anon",
  "file",
  "file_mapped",
  "active_file",
  "inactive_file",
  "pgfault",
  "pgmajfault",
]);

const events = new KeyedFile(["oom_kill"]);

function writeStat(row: Row, values: Float64Array): void {
  for (const [index, column] of STAT_COLUMNS.entries()) row[column] = values[index] ?? Number.NaN;
}

/** What could not be dropped at once if memory ran short; never below 0, as the two are not read in one instant. */
function workingSet(row: Row): number {
  return Math.max(0, (row[USAGE] ?? Number.NaN) - (row[INACTIVE_FILE] ?? Number.NaN));
}

function openV1(directory: string, { files }: Host): Probe | undefined {
  const usage = files.keep(join(directory, "memory.usage_in_bytes"));
  if (usage === undefined) return undefined;
  const most = files.keep(join(directory, "memory.max_usage_in_bytes"));
  const stat = files.keep(join(directory, "memory.stat"));
  const oom = files.keep(join(directory, "memory.oom_control"));
  return {
    read(row) {
      row[USAGE] = files.number(usage);
      row[MAX_USAGE] = files.number(most);
      const values = files.keyed(stat, statV1);
      if (values !== undefined) {
        writeStat(row, values);
        row[SWAP] = values[STAT_COLUMNS.length] ?? Number.NaN;
      }
      row[WORKING_SET] = workingSet(row);
      row[OOM_KILLS] = files.keyed(oom, events)?.[0] ?? Number.NaN;
    },
    close() {
      for (const file of [usage, most, stat, oom]) files.release(file);
    },
  };
}

function openV2(directory: string, isRoot: boolean, { files }: Host): Probe | undefined {
  const stat = files.keep(join(directory, "memory.stat"));
  if (stat === undefined) return undefined;
  const usage = files.keep(join(directory, "memory.current"));
  const most = files.keep(join(directory, "memory.peak"));
  const swap = files.keep(join(directory, "memory.swap.current"));
  const oom = files.keep(join(directory, "memory.events"));
  return {
    read(row) {
      const values = files.keyed(stat, statV2);
      if (values !== undefined) writeStat(row, values);
      // The root has no `memory.current`: what its `memory.stat` adds up to stands for it.
      row[USAGE] = isRoot
        ? (row[RSS] ?? Number.NaN) + (row[CACHE] ?? Number.NaN)
        : files.number(usage);
      row[WORKING_SET] = workingSet(row);
      if (most !== undefined) row[MAX_USAGE] = files.number(most);
      if (swap !== undefined) row[SWAP] = files.number(swap);
      if (oom !== undefined) row[OOM_KILLS] = files.keyed(oom, events)?.[0] ?? Number.NaN;
    },
    close() {
      for (const file of [stat, usage, most, swap, oom]) files.release(file);
    },
  };
}

/** Memory in use, by kind, and kills for the lack of it. */
export const memory: Collector = {
  name: "memory",
  group: "memory",
  metrics: Object.values(memoryMetrics),
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const place = cgroup.controller("memory");
    if (place === undefined) return undefined;
    return place.version === 2
      ? openV2(place.directory, cgroup.id === "/", host)
      : openV1(place.directory, host);
  },
};
