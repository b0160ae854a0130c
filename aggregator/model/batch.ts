import type { Container } from "../../wire/container.ts";

/** Unix milliseconds of the newest stored sample, by node and then by cgroup path. */
export type StoredUntil = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** New samples of one container, ready to be kept. */
export interface Stretch {
  readonly node: string;
  readonly container: Container;
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

/** What of a batch is newer than what is stored. */
export function newerThan(batch: Batch, stored: StoredUntil): Batch {
  return batch.flatMap((stretch) => {
    const until = stored.get(stretch.node)?.get(stretch.container.id) ?? Number.NEGATIVE_INFINITY;
    const newer = (_: unknown, index: number): boolean => (stretch.times[index] ?? until) > until;
    const times = stretch.times.filter(newer);
    if (times.length === 0) return [];
    const intervals = stretch.intervals.filter(newer);
    return [{ ...stretch, times, intervals, rows: stretch.rows.filter(newer) }];
  });
}
