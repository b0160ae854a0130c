import type { Stat } from "../../wire/metrics/metric.ts";
import { cover, type Piece } from "./cover.ts";
import type { Range } from "./history.ts";
import { pointsSql } from "./points.ts";
import { partOf } from "./sql.ts";
import type { Tier, Width } from "./tiers.ts";

/** What is to be exported. */
export interface Export extends Range {
  /** Undefined: the finest that is kept of each time. */
  readonly width: Width | undefined;
  readonly stats: readonly Stat[];
  readonly node: string | undefined;
}

/** The columns that stand before the statistics. */
const LEAD = [
  "point.time",
  "node",
  "identity->>'$.name' AS container",
  "identity->>'$.container_id' AS container_id",
  "cgroup",
  "resolution_seconds",
  "covered_ms / 1000 AS covered_seconds",
];

/**
 * The rows of an export as a SELECT, the oldest first: one for each container and interval, of each
 * statistic X the columns `X_avg`, `X_min`, `X_max` and `X_last`.
 */
export function exportSql(asked: Export, tiers: readonly Tier[]): string {
  const { stats, node } = asked;
  const rows = piecesOf(asked, tiers).map((piece) => rowsOfPiece(piece, stats));
  const values = stats.flatMap((stat) =>
    ["avg", "min", "max", "last"].map((part) => partOf(stat, part)),
  );
  const ofNode = node === undefined ? "" : `WHERE node = '${node.replaceAll("'", "''")}'`;
  return `SELECT ${[...LEAD, ...values].join(", ")}
    FROM (${rows.join(" UNION ALL ")}) AS point JOIN containers ON id = point.container ${ofNode}
    ORDER BY point.time, node, cgroup`;
}

function piecesOf({ start, end, width }: Export, tiers: readonly Tier[]): readonly Piece[] {
  // Whole intervals only; nothing coarser than needed.
  if (width === undefined) return cover({ start, end }, tiers, { step: 1 }).pieces;
  const tier = tiers.find((each) => each.width === width);
  const until = Math.min(end, tier?.until ?? start);
  return [{ width, start, end: Math.max(start, until) }];
}

/** A point may be in several rows, which count together. */
function rowsOfPiece(piece: Piece, stats: readonly Stat[]): string {
  const columns = stats.flatMap((stat) => [
    `sum(${partOf(stat, "sum")}) / sum(${partOf(stat, "ms")}) AS ${partOf(stat, "avg")}`,
    `min(${partOf(stat, "min")}) AS ${partOf(stat, "min")}`,
    `max(${partOf(stat, "max")}) AS ${partOf(stat, "max")}`,
    `arg_max_null(${partOf(stat, "last")}, last_time) AS ${partOf(stat, "last")}`,
  ]);
  const source = pointsSql([piece], stats);
  const seconds = piece.width / 1000;
  return `SELECT time, container, ${seconds}::DOUBLE AS resolution_seconds, sum(covered_ms) AS covered_ms,
    ${columns.join(", ")} FROM (${source}) GROUP BY time, container`;
}
