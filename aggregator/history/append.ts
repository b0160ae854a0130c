import {
  type DuckDBConnection,
  DuckDBDataChunk,
  DOUBLE,
  INTEGER,
  TIMESTAMP,
} from "@duckdb/node-api";

import { messageOf } from "../../lib/errors.ts";
import { Slice } from "../../lib/slice.ts";
import type { Batch, Stretch } from "../model/batch.ts";
import { appendPoints } from "./append-points.ts";
import { CHUNK_ROWS, finite, setColumn, timestampOf } from "./chunks.ts";
import { writeCursors } from "./cursors.ts";
import type { Dictionary, Entry } from "./dictionary.ts";
import type { Database } from "./duckdb-file.ts";
import { fold, type Line, type Point } from "./fold.ts";
import { type Held, settle } from "./held.ts";
import type { StatColumns } from "./schema.ts";
import { finestOf } from "./tiers.ts";

/** How DuckDB and its binding complain of a value, not of the disk. */
const UNFIT = /out of (int64 )?range|^(Conversion|Constraint|Out of Range) Error/i;

/** Whether `appendBatches` failed because of what it was given. */
export function isUnfit(error: unknown): boolean {
  // A RangeError is a number that is none of BigInt's.
  return error instanceof RangeError || UNFIT.test(messageOf(error));
}

/**
 * Stores batches in one transaction: either all of them are safe when it resolves, or it throws and
 * none of them is there.
 */
export async function appendBatches(database: Database, batches: readonly Batch[]): Promise<void> {
  const { writer: connection, dictionary, cursors, held } = database;
  await connection.run("BEGIN TRANSACTION");
  try {
    const stretches = batches.flat();
    const entries = await writeIdentities(connection, dictionary, stretches);
    const still = await appendAll(database, [...linesOf(stretches, entries, dictionary)]);
    // What is still held would be missed after a crash if the cursor were past it.
    const safe = held === undefined ? stretches : [];
    const reached = await writeCursors(connection, cursors, safe);
    await connection.run("COMMIT");
    if (held !== undefined && still !== undefined) held.points = still;
    for (const [node, cursor] of reached) cursors.set(node, cursor);
    for (const entry of entries.values()) dictionary.put(entry);
  } catch (error) {
    // What failed is worth more than that nothing was left to roll back.
    await connection.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Stores samples as this history keeps them; answers the points that are held, where any are. */
async function appendAll(
  database: Database,
  lines: readonly Line[],
): Promise<Held["points"] | undefined> {
  const { writer, columns, pointColumns, tiers, held } = database;
  if (held !== undefined) {
    const { ended, still } = settle(held.points, lines, finestOf(tiers).width);
    await appendPoints(writer, pointColumns, tiers, ended);
    return still;
  }
  await appendLines(writer, columns, lines);
  await appendPoints(writer, pointColumns, tiers, latePoints(database, lines));
  return undefined;
}

/** Samples of a time that has been rolled up already: they are added to it. */
function latePoints({ tiers }: Database, lines: readonly Line[]): Point[] {
  const [, next] = tiers;
  if (next === undefined) return [];
  const late = lines.filter(({ time }) => time < next.until);
  return [...fold(late, next.width).values()];
}

const nameOf = ({ node, container }: Pick<Stretch, "node" | "container">): string =>
  `${node}\0${container.id}`;

/** Writes what is new or has changed; answers it by name. */
async function writeIdentities(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  stretches: readonly Stretch[],
): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const added = new Map<number, Added>();
  let next = dictionary.next;
  for (const { node, container, times } of stretches) {
    const name = nameOf({ node, container });
    const before = entries.get(name) ?? dictionary.find(node, container.id);
    if (before?.container === container) continue;
    const identity = JSON.stringify(container);
    const key = before?.key ?? next++;
    entries.set(name, { key, node, container, identity });
    if (before?.identity === identity) continue;
    const seen = added.get(key)?.seen ?? (before === undefined ? (times[0] ?? 0) : undefined);
    if (seen !== undefined) added.set(key, { key, node, container, identity, seen });
    else {
      await connection.run(`UPDATE containers SET name = ?, identity = ? WHERE id = ?`, [
        container.name,
        identity,
        key,
      ]);
    }
  }
  await appendIdentities(connection, [...added.values()]);
  return entries;
}

/** A container that was never stored before, and when its first sample was taken. */
interface Added extends Entry {
  readonly seen: number;
}

/** At once, as a fleet that is met for the first time has tens of thousands. */
async function appendIdentities(
  connection: DuckDBConnection,
  added: readonly Added[],
): Promise<void> {
  if (added.length === 0) return;
  const appender = await connection.createAppender("containers");
  try {
    for (const { key, node, container, identity, seen } of added) {
      appender.appendInteger(key);
      for (const text of [node, container.id, container.name, identity]) {
        appender.appendVarchar(text);
      }
      appender.appendTimestamp(timestampOf(seen));
      appender.endRow();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

function* linesOf(
  stretches: readonly Stretch[],
  entries: ReadonlyMap<string, Entry>,
  dictionary: Dictionary,
): Iterable<Line> {
  for (const stretch of stretches) {
    const { node, container, times, intervals, rows } = stretch;
    const entry = entries.get(nameOf(stretch)) ?? dictionary.find(node, container.id);
    for (const [index, row] of rows.entries()) {
      yield {
        key: entry?.key ?? 0,
        time: times[index] ?? 0,
        interval: intervals[index] ?? Number.NaN,
        row,
      };
    }
  }
}

async function appendLines(
  connection: DuckDBConnection,
  columns: StatColumns,
  lines: readonly Line[],
): Promise<void> {
  if (lines.length === 0) return;
  const appender = await connection.createAppender("samples");
  const slice = new Slice();
  try {
    for (let from = 0; from < lines.length; from += CHUNK_ROWS) {
      appender.appendDataChunk(chunkOf(columns, lines.slice(from, from + CHUNK_ROWS)));
      if (slice.isOver()) await slice.next();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

function chunkOf(columns: StatColumns, lines: readonly Line[]): DuckDBDataChunk {
  const types = [TIMESTAMP, INTEGER, DOUBLE, ...columns.map(() => DOUBLE)];
  const chunk = DuckDBDataChunk.create(types, lines.length);
  setColumn(chunk, 0, lines, (line) => timestampOf(line.time));
  setColumn(chunk, 1, lines, (line) => line.key);
  setColumn(chunk, 2, lines, (line) => finite(line.interval));
  for (const [index, place] of columns.entries()) {
    setColumn(chunk, index + 3, lines, (line) => finite(line.row[place]));
  }
  return chunk;
}
