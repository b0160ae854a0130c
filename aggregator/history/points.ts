import { storedStats, wholeStats } from "../../wire/metrics/all.ts";
import type { Stat } from "../../wire/metrics/metric.ts";
import type { Piece } from "./cover.ts";
import { columnOf, partOf, WEIGHT, within } from "./sql.ts";
import { RAW, tableOf, type Width } from "./tiers.ts";

/**
 * Points of all tiers in one form, as a SELECT: `container`, `time` (its beginning), `last_time` (of
 * its last sample), `covered_ms`, `longest_ms` (the longest time between two samples), and of each
 * statistic X:
 *
 *     X_sum   value × milliseconds      X_min, X_max
 *     X_ms    milliseconds, or NULL     X_last  that of the last sample
 *
 * A statistic that is a mean of ratios also has `X_part` and `X_whole`, both × milliseconds.
 */
export function pointsSql(
  pieces: readonly Piece[],
  stats: readonly Stat[],
  condition = "true",
): string {
  const all = pieces.map(
    (piece) => `SELECT ${columnsOf(piece.width, stats).join(", ")}
    FROM ${tableOf(piece.width)} WHERE ${within(piece)} AND ${condition}`,
  );
  // Not a row, but each column.
  const none: Piece = { width: RAW, start: 0, end: 0 };
  return all.length === 0 ? pointsSql([none], stats, condition) : all.join(" UNION ALL ");
}

const HEAD_OF_SAMPLES = ["time AS last_time", `${WEIGHT} AS covered_ms`, `${WEIGHT} AS longest_ms`];

function columnsOf(width: Width, stats: readonly Stat[]): string[] {
  const lead = ["container", "time"];
  return width === RAW
    ? [...lead, ...HEAD_OF_SAMPLES, ...stats.flatMap(ofSample)]
    : [...lead, "last_time", "covered_ms", "longest_ms", ...stats.flatMap(ofPoint)];
}

function ofSample(stat: Stat): string[] {
  const column = columnOf(stat);
  const weight = `CASE WHEN ${column} IS NOT NULL THEN ${WEIGHT} END`;
  const columns = [
    `${column} * ${WEIGHT} AS ${partOf(stat, "sum")}`,
    `${weight} AS ${partOf(stat, "ms")}`,
    ...["min", "max", "last"].map((part) => `${column} AS ${partOf(stat, part)}`),
  ];
  const whole = wholeColumn(stat);
  if (whole === undefined) return columns;
  return [
    ...columns,
    `${column} * ${whole} * ${WEIGHT} AS ${partOf(stat, "part")}`,
    `${whole} * ${weight} AS ${partOf(stat, "whole")}`,
  ];
}

function ofPoint(stat: Stat): string[] {
  const average = partOf(stat, "avg");
  const own = partOf(stat, "ms");
  const weight = `CASE WHEN ${average} IS NOT NULL THEN coalesce(${own}, covered_ms) END`;
  return [
    `${average} * ${weight} AS ${partOf(stat, "sum")}`,
    `${weight} AS ${own}`,
    ...["min", "max", "last"].map((part) => partOf(stat, part)),
    ...wholesOf(stat).map((part) => `${part} * ${weight} AS ${part}`),
  ];
}

/** The columns of a tier's table for one statistic. A covered time that is the point's own is NULL. */
export function tierColumns(stat: Stat): string[] {
  const parts = ["avg", "min", "max", "last", "ms"].map((part) => partOf(stat, part));
  return [...parts, ...wholesOf(stat)];
}

/** What a ratio is of, in the table of samples. */
function wholeColumn(stat: Stat): string | undefined {
  const { from } = stat;
  if (stat.rollUp !== "mean" || from.kind !== "ratio") return undefined;
  const whole = wholeStats.find(({ from: { of } }) => of === from.over);
  // Histories of before did not keep it.
  return whole === undefined ? "1" : `coalesce(${columnOf(whole)}, 1)`;
}

/** Part and whole of a mean of ratios; nothing for other statistics. */
export function wholesOf(stat: Stat): string[] {
  const parts = [partOf(stat, "part"), partOf(stat, "whole")];
  return wholeColumn(stat) === undefined ? [] : parts;
}

const byMs = (part: string, stat: Stat): string =>
  `sum(${part}) / sum(${partOf(stat, "ms")}) AS ${part}`;

function rolledUp(stat: Stat): string[] {
  const [sum, ms, least, most, last] = ["sum", "ms", "min", "max", "last"].map((part) =>
    partOf(stat, part),
  );
  return [
    `sum(${sum}) / sum(${ms}) AS ${partOf(stat, "avg")}`,
    `nullif(sum(${ms}), sum(covered_ms)) AS ${ms}`,
    `min(${least}) AS ${least}`,
    `max(${most}) AS ${most}`,
    `arg_max_null(${last}, last_time) AS ${last}`,
    ...wholesOf(stat).map((part) => byMs(part, stat)),
  ];
}

function beginOf(width: Width): string {
  const micros = width * 1000;
  // What is before 1970 is rounded down, too.
  return `make_timestamp(floor(epoch_us(point.time) / ${micros})::BIGINT * ${micros})`;
}

/** Rolls pieces up to the points of a coarser tier, and puts them into its table. */
export function rollSql(pieces: readonly Piece[], width: Width, condition?: string): string {
  return `INSERT INTO ${tableOf(width)} BY NAME
    SELECT container, ${beginOf(width)} AS time,
      max(last_time) AS last_time, sum(covered_ms) AS covered_ms, max(longest_ms) AS longest_ms,
      ${storedStats.flatMap(rolledUp).join(", ")}
    FROM (${pointsSql(pieces, storedStats, condition)}) AS point
    GROUP BY ALL`;
}

/** The same, put together to points of a width, so that each of them counts once. */
export function gatheredSql(points: string, width: Width, stats: readonly Stat[]): string {
  const columns = stats.flatMap((stat) => [
    `sum(${partOf(stat, "sum")}) AS ${partOf(stat, "sum")}`,
    `sum(${partOf(stat, "ms")}) AS ${partOf(stat, "ms")}`,
    `min(${partOf(stat, "min")}) AS ${partOf(stat, "min")}`,
    `max(${partOf(stat, "max")}) AS ${partOf(stat, "max")}`,
    `sum(${partOf(stat, "sum")}) / sum(${partOf(stat, "ms")}) AS ${partOf(stat, "value")}`,
  ]);
  return `SELECT container, ${beginOf(width)} AS time, ${columns.join(", ")}
    FROM (${points}) AS point GROUP BY ALL`;
}

/** Each sample for itself, of which the value is what it is. */
export function ungatheredSql(points: string, stats: readonly Stat[]): string {
  const values = stats.map((stat) => `${partOf(stat, "max")} AS ${partOf(stat, "value")}`);
  return `SELECT *, ${values.join(", ")} FROM (${points})`;
}
