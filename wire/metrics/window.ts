import { bug } from "../../lib/errors.ts";
import { allStats } from "./all.ts";
import type { Family, Stat } from "./metric.ts";

/** The statistics whose window stands on `/metrics`, by their names in `/stats`. */
const NAMES: readonly string[] = [
  "cpu_cores",
  "cpu_throttled_ratio",
  "memory_working_set_bytes",
  "processes",
  "network_receive_bytes_per_second",
  "network_transmit_bytes_per_second",
  "fs_read_bytes_per_second",
  "fs_write_bytes_per_second",
  "pressure_cpu_some_ratio",
  "pressure_memory_some_ratio",
  "pressure_io_some_ratio",
];

/** A gauge with a series for each `stat`: min, avg, max and p95 of a statistic over the kept window. */
export interface WindowFamily extends Family {
  readonly stat: Stat;
}

/** What happened between two scrapes: each family has `stat="min|avg|max|p95"`. */
export const windowFamilies: readonly WindowFamily[] = NAMES.map((name) => {
  const stat = allStats.find((candidate) => candidate.name === name);
  if (stat === undefined) return bug(`${name} is no statistic`);
  return {
    name: `plimsoll_window_${name}`,
    help: `Over the last seconds, sampled each second (${stat.unit}): ${stat.help}`,
    stat,
  };
});
