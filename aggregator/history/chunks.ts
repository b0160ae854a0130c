import { type DuckDBDataChunk, DuckDBTimestampValue } from "@duckdb/node-api";

/** Rows that are handed over at a time; DuckDB's vectors would hold twice as many. */
export const CHUNK_ROWS = 1024;

/** Fills a column of a chunk, one value for each line. */
export function setColumn<Line>(
  chunk: DuckDBDataChunk,
  column: number,
  lines: readonly Line[],
  valueOf: (line: Line) => DuckDBTimestampValue | number | null,
): void {
  const vector = chunk.getColumnVector(column);
  for (const [index, line] of lines.entries()) vector.setItem(index, valueOf(line));
  vector.flush();
}

/** A time (Unix milliseconds) as DuckDB's value; throws a RangeError for what is no number. */
export function timestampOf(milliseconds: number): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(Math.round(milliseconds * 1000)));
}

/** A number, or NULL for what is none. */
export function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
