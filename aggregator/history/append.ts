import {
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBTimestampValue,
  DOUBLE,
  INTEGER,
  TIMESTAMP,
} from "@duckdb/node-api";

import { messageOf } from "../../lib/errors.ts";
import { Slice } from "../../lib/slice.ts";
import type { Batch, Stretch } from "../model/batch.ts";
import { writeCursors } from "./cursors.ts";
import type { Database } from "./database.ts";
import type { Dictionary, Entry } from "./dictionary.ts";
import type { StatColumns } from "./schema.ts";

/** Rows that are handed over at a time; DuckDB's vectors would hold twice as many. */
const CHUNK_ROWS = 1024;

/** How DuckDB and its binding complain of a value, not of the disk. */
const UNFIT = /out of (int64 )?range|^(Conversion|Constraint|Out of Range) Error/i;

/** Whether `appendBatches` failed because of what it was given. */
export function isUnfit(error: unknown): boolean {
  // A RangeError is a number that is none of BigInt's.
  return error instanceof RangeError || UNFIT.test(messageOf(error));
}

interface Line {
  readonly key: number;
  readonly time: number;
  readonly interval: number;
  readonly row: Float64Array;
}

/**
 * Stores batches in one transaction: either all of them are safe when it resolves, or it throws and
 * none of them is there.
 */
export async function appendBatches(
  database: Pick<Database, "writer" | "dictionary" | "columns" | "cursors">,
  batches: readonly Batch[],
): Promise<void> {
  const { writer: connection, dictionary, columns, cursors } = database;
  await connection.run("BEGIN TRANSACTION");
  try {
    const stretches = batches.flat();
    const entries = await writeIdentities(connection, dictionary, stretches);
    await appendLines(connection, columns, [...linesOf(stretches, entries, dictionary)]);
    const reached = await writeCursors(connection, cursors, stretches);
    await connection.run("COMMIT");
    for (const [node, cursor] of reached) cursors.set(node, cursor);
    for (const entry of entries.values()) dictionary.put(entry);
  } catch (error) {
    // What failed is worth more than that nothing was left to roll back.
    await connection.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
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

function setColumn(
  chunk: DuckDBDataChunk,
  column: number,
  lines: readonly Line[],
  valueOf: (line: Line) => DuckDBTimestampValue | number | null,
): void {
  const vector = chunk.getColumnVector(column);
  for (const [index, line] of lines.entries()) vector.setItem(index, valueOf(line));
  vector.flush();
}

function timestampOf(milliseconds: number): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(Math.round(milliseconds * 1000)));
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
