import { allStats } from "../../wire/metrics/all.ts";
import type { LimitName, Stat } from "../../wire/metrics/metric.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";

/** A column that shows who a container is. */
interface TextColumn {
  readonly kind: "text";
  readonly key: string;
  readonly title: string;
  readonly help: string;
  readonly text: (row: ContainerStats) => string | undefined;
}

/** A column that shows the newest value of a statistic. */
export interface StatColumn {
  readonly kind: "stat";
  readonly key: string;
  readonly title: string;
  readonly help: string;
  readonly stat: Stat;
  /** The limit that a bar shows the value against. */
  readonly limit?: LimitName;
}

/** One column of the table. */
export type Column = TextColumn | StatColumn;

/** The description of a statistic; a name that does not exist is a bug. */
export function statOf(name: string): Stat {
  const stat = allStats.find((candidate) => candidate.name === name);
  if (stat === undefined) throw new Error(`BUG: there is no statistic ${name}`);
  return stat;
}

function measured(key: string, title: string, name: string, limit?: LimitName): StatColumn {
  const stat = statOf(name);
  const column = { kind: "stat", key, title, help: stat.help, stat } as const;
  return limit === undefined ? column : { ...column, limit };
}

/** Every column in the order of the table. A new one is a new line here. */
export const COLUMNS: readonly Column[] = [
  { kind: "text", key: "name", title: "Name", help: "Name or cgroup.", text: (row) => row.name },
  { kind: "text", key: "node", title: "Node", help: "Where it runs.", text: (row) => row.node },
  { kind: "text", key: "image", title: "Image", help: "Its image.", text: (row) => row.image },
  measured("cpu", "CPU cores", "cpu_cores", "cpu_cores"),
  measured("memory", "Memory", "memory_working_set_bytes", "memory_bytes"),
  measured("in", "Net in", "network_receive_bytes_per_second"),
  measured("out", "Net out", "network_transmit_bytes_per_second"),
  measured("read", "Disk read", "fs_read_bytes_per_second"),
  measured("write", "Disk write", "fs_write_bytes_per_second"),
  measured("processes", "Procs", "processes"),
  measured("threads", "Threads", "threads", "pids"),
];

/** The newest value of a statistic; undefined where it is not measured. */
export function latestOf(row: ContainerStats, stat: string): number | undefined {
  const value = row.latest[stat];
  return typeof value === "number" ? value : undefined;
}
