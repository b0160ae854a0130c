import {
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBTimestampValue,
  DOUBLE,
  INTEGER,
  TIMESTAMP,
} from "@duckdb/node-api";

import { Slice } from "../../lib/slice.ts";
import { storedStats } from "../../wire/metrics/all.ts";
import { CHUNK_ROWS, finite, setColumn, timestampOf } from "./chunks.ts";
import { type Point, ratios } from "./fold.ts";
import { tierColumns } from "./points.ts";
import { columnsOf } from "./schema.ts";
import { tableOf, type Tier, type Width } from "./tiers.ts";

type ValueOf = (point: Point, width: Width) => DuckDBTimestampValue | number | null;

/** The tables' columns in their order. */
export type PointColumns = ReadonlyMap<Width, readonly string[]>;

/** Reads which columns the tables of tiers have; another version may have had other statistics. */
export async function readPointColumns(
  connection: DuckDBConnection,
  widths: readonly Width[],
): Promise<PointColumns> {
  const columns = new Map<Width, readonly string[]>();
  for (const width of widths) columns.set(width, await columnsOf(connection, tableOf(width)));
  return columns;
}

/** What stands in each column; what is not among them is NULL. */
const valuesOf: ReadonlyMap<string, ValueOf> = new Map<string, ValueOf>([
  ["time", ({ begin }, width) => timestampOf(Math.floor(begin / width) * width)],
  ["container", ({ key }) => key],
  ["last_time", ({ lastTime }) => timestampOf(lastTime)],
  ["covered_ms", ({ covered }) => covered],
  ["longest_ms", ({ longest }) => longest],
  ...storedStats.flatMap((stat, place) => ofStat(tierColumns(stat), place)),
]);

/** In the order of `tierColumns`. */
function ofStat(columns: readonly string[], place: number): [string, ValueOf][] {
  const msOf = ({ ms }: Point): number => ms[place] ?? 0;
  const average = (point: Point, sum: number | undefined): number | null =>
    msOf(point) === 0 ? null : finite((sum ?? 0) / msOf(point));
  const ratio = ratios.findIndex((each) => each.place === place);
  const values: ValueOf[] = [
    (point) => average(point, point.sums[place]),
    ({ least }) => finite(least[place]),
    ({ most }) => finite(most[place]),
    ({ last }) => finite(last[place]),
    // That of the point itself is not said again.
    (point) => (msOf(point) === 0 || msOf(point) === point.covered ? null : msOf(point)),
    (point) => average(point, point.parts[ratio]),
    (point) => average(point, point.wholes[ratio]),
  ];
  return columns.map((name, index) => [
    name.replaceAll('"', ""),
    values[index] ?? ((): null => null),
  ]);
}

/** Puts points into the tier that is written to, and into those that have been rolled up past them. */
export async function appendPoints(
  connection: DuckDBConnection,
  columns: PointColumns,
  tiers: readonly Tier[],
  points: readonly Point[],
): Promise<void> {
  for (const { width, until } of tiers) {
    const names = columns.get(width);
    if (names === undefined) continue;
    const own = points.filter(({ begin }) => begin < until);
    await appendTo(connection, width, names, own);
  }
}

async function appendTo(
  connection: DuckDBConnection,
  width: Width,
  names: readonly string[],
  points: readonly Point[],
): Promise<void> {
  if (points.length === 0) return;
  const appender = await connection.createAppender(tableOf(width));
  const slice = new Slice();
  try {
    for (let from = 0; from < points.length; from += CHUNK_ROWS) {
      appender.appendDataChunk(chunkOf(width, names, points.slice(from, from + CHUNK_ROWS)));
      if (slice.isOver()) await slice.next();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

function typeOf(name: string): typeof DOUBLE | typeof INTEGER | typeof TIMESTAMP {
  if (name === "container") return INTEGER;
  return name === "time" || name === "last_time" ? TIMESTAMP : DOUBLE;
}

function chunkOf(
  width: Width,
  names: readonly string[],
  points: readonly Point[],
): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(names.map(typeOf), points.length);
  for (const [index, name] of names.entries()) {
    const valueOf = valuesOf.get(name);
    setColumn(chunk, index, points, (point) => valueOf?.(point, width) ?? null);
  }
  return chunk;
}
