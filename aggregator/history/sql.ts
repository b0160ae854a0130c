import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";

import type { Stat } from "../../wire/metrics/metric.ts";
import type { Summary } from "../../wire/stats/summary.ts";
import type { Ask, Range } from "./history.ts";

/** Time that a sample covers; the first one of a gauge counts as much as any other. */
export const WEIGHT = "coalesce(nullif(interval_ms, 0), 1000)";

/** How DuckDB sums up a column; the same numbers come out as for the live window. */
const SUMMARIES: Readonly<Record<Summary, (column: string) => string>> = {
  avg: (column) =>
    `sum(${column} * ${WEIGHT}) / sum(${WEIGHT}) FILTER (WHERE ${column} IS NOT NULL)`,
  max: (column) => `max(${column})`,
  min: (column) => `min(${column})`,
  // Nearest rank.
  p95: (column) => `quantile_disc(${column}, 0.95)`,
};

/** A time (Unix milliseconds) as DuckDB's text. */
export function timestamp(milliseconds: number): string {
  return `make_timestamp(${Math.round(milliseconds * 1000)}::BIGINT)`;
}

/** The column of a statistic. */
export function columnOf(stat: Stat): string {
  return `"${stat.name}"`;
}

/** Each summary of each statistic, in their order. */
export function summaryColumns({ stats, summaries }: Ask): string[] {
  return stats.flatMap((stat) => summaries.map((summary) => SUMMARIES[summary](columnOf(stat))));
}

/** The condition for a range. */
export function within({ start, end }: Range): string {
  return `time >= ${timestamp(start)} AND time < ${timestamp(end)}`;
}

/** The condition for what is asked. */
export function asked(ask: Ask): string {
  // An empty list is no SQL; no container has the number 0.
  const keys = ask.keys.length === 0 ? "0" : ask.keys.map((key) => Math.trunc(key)).join(",");
  return `${within(ask)} AND container IN (${keys})`;
}

/** Rows chunk by chunk, so that a long answer does not hold up everything else. */
export async function* rowsOf(
  connection: DuckDBConnection,
  sql: string,
): AsyncIterable<readonly DuckDBValue[]> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRows()) yield* rows;
}
