import type { Limits } from "../container.ts";
import type { Machine } from "../feed.ts";
import type { Level } from "../levels.ts";
import type { Series, Values } from "./answer.ts";
import { encodeLines } from "./csv.ts";
import { CSV_TYPE, type EncodedStats, JSON_TYPE, NDJSON_TYPE, type StatsHead } from "./encode.ts";
import type { StatsQuery } from "./query.ts";

/** What a row uses of what its nodes have, 1 = all. */
export interface Utilization {
  readonly cpu_ratio?: number;
  readonly memory_ratio?: number;
}

/** One row of a level: its containers added up. */
export interface LevelRow {
  readonly level: Level;
  readonly name: string;
  /** The node, if all of it runs on one. */
  readonly node?: string;
  /** How many nodes it runs on. */
  readonly nodes: number;
  /** How many containers run. */
  readonly containers: number;
  /** Those that all of its containers share. */
  readonly groups: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The sum of the containers' limits; null if one of them has none. */
  readonly limits: Limits;
  /** What the machines have; of nodes and the cluster. */
  readonly capacity?: Machine;
  readonly utilization?: Utilization;
  /** What the machines use outside of containers, now; of nodes and the cluster. */
  readonly outside_containers?: Values;
  readonly latest: { readonly time?: string } & Readonly<Record<string, number | string>>;
  readonly window: Readonly<Record<string, Values>>;
  readonly series?: Series;
}

/** What stands around the rows. */
export interface LevelHead extends StatsHead {
  readonly level: Level;
  /** Seconds that are added up at a time: 1, or more where the range is long. */
  readonly resolution_seconds: number;
}

/** The JSON form of an answer. */
export interface LevelAnswer extends LevelHead {
  readonly rows: readonly LevelRow[];
}

/** Writes the rows of a level in the format that the query asks for. */
export function encodeLevels(
  head: LevelHead,
  rows: readonly LevelRow[],
  query: StatsQuery,
): EncodedStats {
  switch (query.format) {
    case "csv":
      return { contentType: CSV_TYPE, body: csvOf(rows, query) };
    case "ndjson":
      return {
        contentType: NDJSON_TYPE,
        body: rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
      };
    case "json":
      return { contentType: JSON_TYPE, body: JSON.stringify({ ...head, rows }) };
  }
}

/** One line for each row, its latest values, then its window's. */
function csvOf(rows: readonly LevelRow[], { stats, summaries }: StatsQuery): string {
  const identity = ["level", "name", "node", "containers"] as const;
  const groups = ["namespace", "stack", "compose_project", "service", "pod"];
  const names = stats.map((stat) => stat.name);
  const windowed = names.flatMap((name) => summaries.map((summary) => [name, summary] as const));
  const header = [
    ...identity,
    ...groups,
    "time",
    ...names,
    ...windowed.map(([name, summary]) => `${name}_${summary}`),
  ];
  const lines = rows.map((row) => [
    ...identity.map((key) => row[key]),
    ...groups.map((group) => row.groups[group]),
    row.latest.time,
    ...names.map((name) => row.latest[name]),
    ...windowed.map(([name, summary]) => row.window[name]?.[summary]),
  ]);
  return encodeLines([header, ...lines]);
}
