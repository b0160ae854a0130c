import type { Container } from "../../wire/container.ts";
import { type Cursor, reaches, type StoredCursors } from "./cursor.ts";

/** Unix milliseconds of the newest stored sample, by node and then by cgroup path. */
export type StoredUntil = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** New samples of one container, ready to be kept. */
export interface Stretch {
  readonly node: string;
  readonly container: Container;
  /** Up to where its node is known with this batch; all stretches of the node in it say the same. */
  readonly until?: Cursor;
  /** The number of each sample's pass, where its agent counts: by them one store's share is told from another's. */
  readonly ticks?: readonly number[];
  /** Unix milliseconds with microseconds as their fraction. */
  readonly times: readonly number[];
  /** Milliseconds since the sample before; NaN where there was none to compare with. */
  readonly intervals: readonly number[];
  /** One row for each sample, its columns as `storedStats` orders them; NaN = absent. */
  readonly rows: readonly Float64Array[];
}

/** What one answer of one agent brought that was not there before. */
export type Batch = readonly Stretch[];

/** How many samples a batch holds. */
export function sizeOf(batch: Batch): number {
  return batch.reduce((sum, stretch) => sum + stretch.times.length, 0);
}

/** What of a batch is not stored: cursors tell, or times where an agent has none. */
export function newerThan(batch: Batch, stored: StoredUntil, cursors: StoredCursors): Batch {
  return batch.flatMap((stretch) => {
    const { node, container, until } = stretch;
    if (until !== undefined) return reaches(cursors.get(node), until) ? [] : [stretch];
    return newerStretch(stretch, stored.get(node)?.get(container.id) ?? Number.NEGATIVE_INFINITY);
  });
}

function newerStretch(stretch: Stretch, last: number): Stretch[] {
  const newer = (_: unknown, index: number): boolean => (stretch.times[index] ?? last) > last;
  const times = stretch.times.filter(newer);
  if (times.length === 0) return [];
  const intervals = stretch.intervals.filter(newer);
  return [{ ...stretch, times, intervals, rows: stretch.rows.filter(newer) }];
}
