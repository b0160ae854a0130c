import type { DuckDBConnection } from "@duckdb/node-api";

import type { Stat } from "../../wire/metrics/metric.ts";
import { LONGEST_HOLD_MS, SLOW_CELLS } from "../model/seconds.ts";
import { cover } from "./cover.ts";
import type { Known, LevelAsk, TakeLevel } from "./history.ts";
import { pointsSql, wholesOf } from "./points.ts";
import { columnOf, partOf, rowsOf } from "./sql.ts";
import { readTiers, type Tier } from "./tiers.ts";

/** Adds rows of containers up, as `History.levels` promises. */
export async function queryLevels(
  connection: DuckDBConnection,
  ask: LevelAsk,
  take: TakeLevel,
): Promise<void> {
  if (ask.rows.every((members) => members.length === 0)) return;
  const tiers = await readTiers(connection);
  const values = new Float64Array(ask.stats.length);
  for await (const [row, second, ...numbers] of rowsOf(connection, levelSql(ask, tiers))) {
    for (let index = 0; index < values.length; index++) {
      const value = numbers[index];
      values[index] = typeof value === "number" ? value : Number.NaN;
    }
    take(Number(row), Number(second) * ask.grid, values);
  }
}

/**
 * Each container's average of each second; held into the seconds without a sample, as the live
 * window does it; then added up.
 */
function levelSql(ask: LevelAsk, tiers: readonly Tier[]): string {
  const { grid, stats } = ask;
  const micros = Math.round(grid * 1000);
  const margin = Math.ceil(LONGEST_HOLD_MS / grid);
  const held = `least(${margin}, greatest(1, round(longest / ${grid})))::BIGINT`;
  const heldAtEnd = `CASE WHEN ${held} >= ${SLOW_CELLS} THEN ${held} ELSE 0 END`;
  const from = Math.ceil(ask.start / grid);
  const to = Math.floor(ask.end / grid);
  const around = { start: (from - margin) * grid, end: (to + margin) * grid };
  const { pieces } = cover(around, tiers, { step: grid });
  return `WITH member AS (${membersSql(ask.rows)}),
  average AS (
    SELECT row, container, epoch_us(time) // ${micros} AS own, max(longest_ms) AS longest,
      ${stats.flatMap(averageColumns).join(", ")}
    FROM (${pointsSql(pieces, stats, "container IN (SELECT container FROM member)")})
    JOIN member USING (container) GROUP BY row, container, own),
  following AS (
    SELECT *, lead(own) OVER (PARTITION BY container ORDER BY own) AS next FROM average),
  cell AS (
    SELECT *, unnest(range(own, least(coalesce(next, own + 1 + ${heldAtEnd}), own + 1 + ${held}))) AS second
    FROM following)
  SELECT row, second, ${stats.map(rolledUp).join(", ")}
  FROM cell WHERE second >= ${from} AND second < ${to} GROUP BY row, second ORDER BY row, second`;
}

/** Numbers and limits only: nothing that anybody else has written. */
function membersSql(rows: readonly (readonly Known[])[]): string {
  const members = rows.flatMap((known, row) => known.map((each) => ({ ...each, row })));
  const list = (type: string, valueOf: (member: (typeof members)[number]) => number | null) =>
    `unnest([${members.map((member) => valueOf(member) ?? "NULL").join(",")}]::${type}[])`;
  return `SELECT ${list("INTEGER", ({ key }) => Math.trunc(key))} AS container,
    ${list("INTEGER", ({ row }) => row)} AS row,
    ${list("DOUBLE", ({ container }) => container.limits.cpu_cores)} AS cpu_cores_limit,
    ${list("DOUBLE", ({ container }) => container.limits.memory_bytes)} AS memory_bytes_limit,
    ${list("DOUBLE", ({ container }) => container.limits.pids)} AS pids_limit`;
}

/** The column itself, or its part and its whole. */
function averageColumns(stat: Stat): string[] {
  const ms = partOf(stat, "ms");
  const average = (value: string): string => `sum(${value}) / sum(${ms})`;
  const sum = partOf(stat, "sum");
  if (stat.rollUp !== "mean") return [`${average(sum)} AS ${columnOf(stat)}`];
  const limit = stat.from.kind === "share" ? `${stat.from.limit}_limit` : "1";
  const [part = `${sum} * ${limit}`, whole = `${limit} * ${ms}`] = wholesOf(stat);
  return [
    `${average(part)} AS ${partOf(stat, "part")}`,
    `${average(whole)} AS ${partOf(stat, "whole")}`,
  ];
}

function rolledUp(stat: Stat): string {
  switch (stat.rollUp) {
    case "sum":
      return `sum(${columnOf(stat)})`;
    case "max":
      return `max(${columnOf(stat)})`;
    case "mean":
      return `CASE WHEN sum("${stat.name}_whole") > 0 THEN sum("${stat.name}_part") / sum("${stat.name}_whole")
        WHEN count("${stat.name}_part") > 0 THEN 0::DOUBLE END`;
  }
}
