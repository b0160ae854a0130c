import type { DuckDBConnection } from "@duckdb/node-api";

import { wholeStats } from "../../wire/metrics/all.ts";
import type { Stat } from "../../wire/metrics/metric.ts";
import { LONGEST_HOLD_MS, SLOW_CELLS } from "../model/seconds.ts";
import type { Known, LevelAsk, TakeLevel } from "./history.ts";
import { columnOf, rowsOf, WEIGHT, within } from "./sql.ts";

/** Adds rows of containers up, as `History.levels` promises. */
export async function queryLevels(
  connection: DuckDBConnection,
  ask: LevelAsk,
  take: TakeLevel,
): Promise<void> {
  if (ask.rows.every((members) => members.length === 0)) return;
  const values = new Float64Array(ask.stats.length);
  for await (const [row, second, ...numbers] of rowsOf(connection, levelSql(ask))) {
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
function levelSql(ask: LevelAsk): string {
  const { grid, stats } = ask;
  const micros = Math.round(grid * 1000);
  const margin = Math.ceil(LONGEST_HOLD_MS / grid);
  const held = `least(${margin}, greatest(1, round(longest / ${grid})))::BIGINT`;
  const heldAtEnd = `CASE WHEN ${held} >= ${SLOW_CELLS} THEN ${held} ELSE 0 END`;
  const from = Math.ceil(ask.start / grid);
  const to = Math.floor(ask.end / grid);
  const around = { start: (from - margin) * grid, end: (to + margin) * grid };
  return `WITH member AS (${membersSql(ask.rows)}),
  average AS (
    SELECT row, container, epoch_us(time) // ${micros} AS own, max(${WEIGHT}) AS longest,
      ${stats.flatMap(averageColumns).join(", ")}
    FROM samples JOIN member USING (container)
    WHERE ${within(around)} GROUP BY row, container, own),
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

/** What a statistic is a part of. */
function wholeOf({ from }: Stat): string {
  if (from.kind === "share") return `${from.limit}_limit`;
  if (from.kind !== "ratio") return "1";
  const whole = wholeStats.find((stat) => stat.from.of === from.over);
  // Histories of before did not keep it.
  return whole === undefined ? "1" : `coalesce(${columnOf(whole)}, 1)`;
}

/** The column itself, or its part and its whole. */
function averageColumns(stat: Stat): string[] {
  const column = columnOf(stat);
  const average = (value: string): string =>
    `sum(${value} * ${WEIGHT}) FILTER (WHERE ${column} IS NOT NULL) / sum(${WEIGHT}) FILTER (WHERE ${column} IS NOT NULL)`;
  if (stat.rollUp !== "mean") return [`${average(column)} AS ${column}`];
  const whole = wholeOf(stat);
  return [
    `${average(`${column} * ${whole}`)} AS "${stat.name}_part"`,
    `${average(whole)} AS "${stat.name}_whole"`,
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
