import type { Row } from "./row.ts";

/** What a tree can be made of: the groups of `/stats`, the node and the engine. */
export const GROUPINGS = [
  "none",
  "compose_project",
  "service",
  "stack",
  "namespace",
  "pod",
  "group",
  "node",
  "runtime",
] as const;

/** One of them. */
export type Grouping = (typeof GROUPINGS)[number];

/** The containers of a group and what they use together. */
export interface Group {
  /** Empty for those that are in none. */
  readonly name: string;
  readonly rows: readonly Row[];
  readonly sum: Sum;
}

/** Added up; undefined where it is known of none. */
export interface Sum {
  readonly cpuCores: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly receive: number | undefined;
  readonly transmit: number | undefined;
  readonly read: number | undefined;
  readonly write: number | undefined;
  readonly processes: number | undefined;
  readonly oomKills: number | undefined;
}

/** The group that a container is in; empty if in none. */
function groupOf(row: Row, grouping: Grouping): string {
  if (grouping === "none") return "";
  if (grouping === "node") return row.node;
  return grouping === "runtime" ? row.runtime : (row.groups[grouping] ?? "");
}

/** What these containers use together. */
export function sumOf(rows: readonly Row[]): Sum {
  const add = (name: keyof Row["values"]): number | undefined => {
    let sum: number | undefined;
    for (const { values } of rows) {
      const value = values[name];
      if (value !== undefined) sum = (sum ?? 0) + value;
    }
    return sum;
  };
  return {
    cpuCores: add("cpu_cores"),
    memoryBytes: add("memory_working_set_bytes"),
    receive: add("network_receive_bytes_per_second"),
    transmit: add("network_transmit_bytes_per_second"),
    read: add("fs_read_bytes_per_second"),
    write: add("fs_write_bytes_per_second"),
    processes: add("processes"),
    oomKills: add("oom_kills"),
  };
}

/** Containers, in their order, by group: groups by name, those in none last. */
export function grouped(rows: readonly Row[], grouping: Grouping): Group[] {
  const members = new Map<string, Row[]>();
  for (const row of rows) {
    const name = groupOf(row, grouping);
    const list = members.get(name);
    if (list === undefined) members.set(name, [row]);
    else list.push(row);
  }
  return [...members]
    .map(([name, list]) => ({ name, rows: list, sum: sumOf(list) }))
    .toSorted(
      (a, b) => Number(a.name === "") - Number(b.name === "") || (a.name < b.name ? -1 : 1),
    );
}

/** The next kind of groups of which there are any. */
export function nextGrouping(rows: Iterable<Row>, grouping: Grouping): Grouping {
  const all = [...rows];
  const start = GROUPINGS.indexOf(grouping);
  for (let step = 1; step < GROUPINGS.length; step++) {
    const next = GROUPINGS[(start + step) % GROUPINGS.length] ?? "none";
    if (next === "none" || all.some((row) => groupOf(row, next) !== "")) return next;
  }
  return "none";
}
