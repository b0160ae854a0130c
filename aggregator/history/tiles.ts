import type { DuckDBConnection } from "@duckdb/node-api";

import type { Stat } from "../../wire/metrics/metric.ts";
import type { Ask } from "./history.ts";
import { sourceOf } from "./source.ts";
import { rowsOf } from "./sql.ts";

/** Values that DuckDB may hold at a time: some 100 MB, as its lists grow. */
const MOST_VALUES = 4_000_000;

/**
 * Cuts a question into pieces that fit in memory. A percentile holds every value that it is made of,
 * and DuckDB's own limit does not count those.
 */
export async function tilesOf(
  connection: DuckDBConnection,
  ask: Ask,
  mostValues: number = MOST_VALUES,
): Promise<Ask[]> {
  if (!ask.summaries.includes("p95")) return [ask];
  const groups: { keys: number[]; rows: number }[] = [];
  const source = await sourceOf(connection, { ...ask, stats: [] });
  const sql = `SELECT container, count(*) FROM (${source}) GROUP BY container`;
  for await (const [key, count] of rowsOf(connection, sql)) {
    const rows = Number(count);
    const last = groups.at(-1);
    if (last === undefined || last.rows + rows > mostValues) {
      groups.push({ keys: [Number(key)], rows });
    } else {
      last.keys.push(Number(key));
      last.rows += rows;
    }
  }
  return groups.flatMap(({ keys, rows }) =>
    inPieces(ask.stats, Math.max(1, Math.floor(mostValues / rows))).map((stats) => ({
      ...ask,
      keys,
      stats,
    })),
  );
}

function inPieces(stats: readonly Stat[], size: number): Stat[][] {
  const count = Math.ceil(stats.length / size);
  return Array.from({ length: count }, (_, index) => stats.slice(index * size, (index + 1) * size));
}
