/**
 * What an agent hands to an aggregator: every sample since a cursor. Lines of JSON: a head, one
 * line for each container, an end line, so that a cut is noticed. Numbers stand as differences from
 * the one before, which makes most of them one or two characters.
 */
import type { Container } from "./container.ts";
import type { Ring } from "./ring.ts";

/** Raised when an older reader would misread the lines. */
export const FEED_VERSION = 1;

/** `Content-Type` of the feed. */
export const FEED_CONTENT_TYPE = "application/x-ndjson";

/** The machine that an agent runs on. */
export interface Machine {
  readonly cpu_cores: number;
  readonly memory_bytes: number;
}

/** The first line. */
export interface FeedHead {
  readonly feed: typeof FEED_VERSION;
  readonly node: string;
  readonly machine: Machine;
  /** What to ask for next. */
  readonly cursor: string;
  /** The oldest cursor that would have lost nothing; a reader whose own is older has a gap. */
  readonly oldest: string;
  /**
   * Whether everything since the reader's cursor is here. False if the cursor is older than the
   * window or of another run: what was before `from` can't be told. Agents of before said neither.
   */
  readonly complete?: boolean;
  /** Unix milliseconds of the oldest sample that could be told, whoever asks. */
  readonly from?: number;
  readonly interval_seconds: number;
  /** Names of the columns, in the order of the lines; another one in each answer. */
  readonly columns: readonly string[];
}

/** A container's line. */
export interface FeedContainer {
  readonly id: string;
  /** Only when it is new to the reader or has changed. */
  readonly container?: Container;
  /** Unix milliseconds at which it ended. */
  readonly gone?: number;
  /** Numbers of the sampling passes, as differences. */
  readonly ticks: readonly number[];
  /** Unix microseconds, as differences. */
  readonly times: readonly number[];
  /** Microseconds since the sample before; null = can't be compared with it. */
  readonly intervals: readonly (number | null)[];
  /**
   * For each column its raw values as differences, null = absent. A column that is absent all along
   * is null, or not there at all if none follows it.
   */
  readonly values: readonly (readonly (number | null)[] | null)[];
}

/** The last line; without it the answer has been cut. */
export const FEED_END: { readonly end: true } = { end: true };

/** A stretch of samples, decoded. */
export interface FeedSamples {
  readonly ticks: readonly number[];
  /** Unix milliseconds. */
  readonly times: readonly number[];
  /** Milliseconds; NaN where there is no sample to compare with. */
  readonly intervals: readonly number[];
  /** One row of columns for each sample, in the reader's own order; NaN = absent. */
  readonly rows: readonly Float64Array[];
}

const MICRO = 1000;

function differences(length: number, at: (index: number) => number): (number | null)[] {
  const encoded: (number | null)[] = [];
  let before = 0;
  for (let index = 0; index < length; index++) {
    const value = at(index);
    if (Number.isNaN(value)) {
      encoded.push(null);
      continue;
    }
    encoded.push(value - before);
    before = value;
  }
  return encoded;
}

function encodeColumn(length: number, at: (index: number) => number): (number | null)[] | null {
  const encoded = differences(length, at);
  return encoded.some((value) => value !== null) ? encoded : null;
}

/**
 * The columns of a ring's rows in the order that makes the lines shortest: first those that the most
 * rings have in their newest sample, so that the absent ones come last and need not be written.
 */
export function orderColumns(rings: Iterable<Ring>, width: number): number[] {
  const counts = new Uint32Array(width);
  for (const ring of rings) {
    for (let column = 0; column < width; column++) {
      if (Number.isNaN(ring.valueAt(ring.length - 1, column))) continue;
      counts[column] = (counts[column] ?? 0) + 1;
    }
  }
  const columns = Array.from({ length: width }, (_, column) => column);
  return columns.toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
}

/** Encodes these columns of a ring's samples from a position up to and without another. */
export function encodeSamples(
  ring: Ring,
  from: number,
  to: number,
  columns: readonly number[],
): Pick<FeedContainer, "ticks" | "times" | "intervals" | "values"> {
  const length = to - from;
  return {
    ticks: differences(length, (index) => ring.tickAt(from + index)).map(Number),
    times: differences(length, (index) => Math.round(ring.timeAt(from + index) * MICRO)).map(
      Number,
    ),
    intervals: Array.from({ length }, (_, index) => {
      const interval = ring.intervalAt(from + index);
      return Number.isNaN(interval) ? null : Math.round(interval * MICRO);
    }),
    values: withoutTail(
      columns.map((column) => encodeColumn(length, (index) => ring.valueAt(from + index, column))),
    ),
  };
}

/** Leaves out the nulls at the end. */
function withoutTail<T>(lists: readonly (T | null)[]): readonly (T | null)[] {
  return lists.slice(0, lists.findLastIndex((list) => list !== null) + 1);
}

/** Undoes `differences`. */
function sums(encoded: readonly (number | null)[]): number[] {
  let sum = 0;
  return encoded.map((value) => (value === null ? Number.NaN : (sum += value)));
}

/**
 * For each column of the feed where it stands with us; -1 = we don't know it. Agent and aggregator
 * may be of different versions.
 */
export function mapColumns(columns: readonly string[], ours: readonly string[]): number[] {
  const places = new Map(ours.map((name, index) => [name, index]));
  return columns.map((name) => places.get(name) ?? -1);
}

/** Rows in one block of memory, as many small ones cost more than their numbers. */
function emptyRows(count: number, width: number): Float64Array[] {
  const block = new Float64Array(count * width).fill(Number.NaN);
  return Array.from({ length: count }, (_, index) =>
    block.subarray(index * width, (index + 1) * width),
  );
}

/** Undoes `differences` into one place of each row. */
function decodeColumn(
  encoded: readonly (number | null)[],
  rows: readonly Float64Array[],
  place: number,
): void {
  let sum = 0;
  for (let position = 0; position < rows.length; position++) {
    const difference = encoded[position] ?? null;
    const row = rows[position];
    if (difference !== null && row !== undefined) row[place] = sum += difference;
  }
}

/** Decodes a container's line into rows of `width` columns of ours. */
export function decodeSamples(
  line: FeedContainer,
  places: readonly number[],
  width: number,
): FeedSamples {
  const rows = emptyRows(line.ticks.length, width);
  for (let index = 0; index < line.values.length; index++) {
    const place = places[index] ?? -1;
    const encoded = line.values[index] ?? null;
    if (encoded !== null && place !== -1) decodeColumn(encoded, rows, place);
  }
  return {
    ticks: sums(line.ticks),
    times: sums(line.times).map((time) => time / MICRO),
    intervals: line.intervals.map((value) => (value === null ? Number.NaN : value / MICRO)),
    rows,
  };
}
