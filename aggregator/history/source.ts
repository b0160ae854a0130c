import type { DuckDBConnection } from "@duckdb/node-api";

import { cover } from "./cover.ts";
import type { Ask, Range } from "./history.ts";
import { gatheredSql, pointsSql, ungatheredSql } from "./points.ts";
import { among } from "./sql.ts";
import { RAW, readTiers } from "./tiers.ts";

/**
 * What a question is asked of: a SELECT with the columns of `pointsSql`, and with `X_value` for each
 * statistic whose percentile is wanted.
 *
 * A percentile needs points of one length. Where the range reaches back to a coarse tier, it is that
 * of averages as long as the points there.
 *
 * @param step milliseconds of a series
 */
export async function sourceOf(
  connection: DuckDBConnection,
  ask: Ask,
  step?: number,
): Promise<string> {
  const points = ask.summaries.includes("p95");
  const wanted = step === undefined ? { points } : { points, step };
  const { pieces, resolution } = cover(ask, await readTiers(connection), wanted);
  const all = pointsSql(pieces, ask.stats, among(ask.keys));
  if (!points) return all;
  return resolution === RAW
    ? ungatheredSql(all, ask.stats)
    : gatheredSql(all, resolution, ask.stats);
}

/** When containers had samples: a SELECT of `container`, `time` and `last_time`. */
export async function timesOf(connection: DuckDBConnection, range: Range): Promise<string> {
  const { pieces } = cover(range, await readTiers(connection));
  return pointsSql(pieces, []);
}
