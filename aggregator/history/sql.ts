import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";

import type { Stat } from "../../wire/metrics/metric.ts";
import type { Summary } from "../../wire/stats/summary.ts";
import type { Ask, Range } from "./history.ts";

/** Time that a sample covers; the first one of a gauge counts as much as any other. */
export const WEIGHT = "coalesce(nullif(interval_ms, 0), 1000)";

/** How DuckDB sums up the points of a statistic; the same numbers come out as for the live window. */
const SUMMARIES: Readonly<Record<Summary, (stat: Stat) => string>> = {
  avg: (stat) => `sum(${partOf(stat, "sum")}) / sum(${partOf(stat, "ms")})`,
  max: (stat) => `max(${partOf(stat, "max")})`,
  min: (stat) => `min(${partOf(stat, "min")})`,
  // Nearest rank.
  p95: (stat) => `quantile_disc(${partOf(stat, "value")}, 0.95)`,
};

/** A time (Unix milliseconds) as DuckDB's text. */
export function timestamp(milliseconds: number): string {
  return `make_timestamp(${Math.round(milliseconds * 1000)}::BIGINT)`;
}

/** The column of a statistic in the table of samples. */
export function columnOf(stat: Stat): string {
  return `"${stat.name}"`;
}

/** The column of something that points keep of a statistic. */
export function partOf(stat: Stat, part: string): string {
  return `"${stat.name}_${part}"`;
}

/** Each summary of each statistic, in their order. */
export function summaryColumns({ stats, summaries }: Ask): string[] {
  return stats.flatMap((stat) => summaries.map((summary) => SUMMARIES[summary](stat)));
}

/** The condition for a range. */
export function within({ start, end }: Range): string {
  return `time >= ${timestamp(start)} AND time < ${timestamp(end)}`;
}

/** The condition for containers. */
export function among(keys: readonly number[]): string {
  // An empty list is no SQL; no container has the number 0.
  return `container IN (${keys.length === 0 ? "0" : keys.map((key) => Math.trunc(key)).join(",")})`;
}

/** Rows chunk by chunk, so that a long answer does not hold up everything else. */
export async function* rowsOf(
  connection: DuckDBConnection,
  sql: string,
): AsyncIterable<readonly DuckDBValue[]> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRows()) yield* rows;
}
