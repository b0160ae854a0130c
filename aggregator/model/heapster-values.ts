import type { Ring } from "../../wire/ring.ts";
import { heapsterColumns, type HeapsterMetric, heapsterMetrics } from "./heapster-metrics.ts";

/** The time that metric sets are made for. */
export interface HeapsterTime {
  /** Unix milliseconds. */
  readonly time: number;
  /** Milliseconds that rates are averaged over. */
  readonly resolution: number;
}

/** A container that has not been heard of for longer has no values any more. */
const STALE_MS = 60_000;

/**
 * A container's values in the order of `heapsterMetrics`, in Heapster's units; NaN = absent.
 * Undefined if it has no sample near the time.
 */
export function heapsterValuesOf(ring: Ring, at: HeapsterTime): Float64Array | undefined {
  const newest = ring.positionAt(at.time + 1) - 1;
  if (newest < 0 || at.time - ring.timeAt(newest) > Math.max(STALE_MS, 2 * at.resolution)) {
    return undefined;
  }
  const values = new Float64Array(heapsterMetrics.length);
  for (const [index, metric] of heapsterMetrics.entries()) {
    const column = heapsterColumns[index] ?? -1;
    values[index] = metric.isRate
      ? rateAt(ring, newest, column, metric, at)
      : ring.valueAt(newest, column) * metric.factor;
  }
  return values;
}

/** Growth a second over the resolution; what went back or can't be compared is left out, never below 0. */
function rateAt(
  ring: Ring,
  newest: number,
  column: number,
  { factor }: HeapsterMetric,
  { time, resolution }: HeapsterTime,
): number {
  let grown = 0;
  let covered = 0;
  for (let position = newest; position > 0; position--) {
    if (ring.timeAt(position) <= time - resolution) break;
    const interval = ring.intervalAt(position);
    const growth = ring.valueAt(position, column) - ring.valueAt(position - 1, column);
    if (!(interval > 0) || !(growth >= 0)) continue;
    grown += growth;
    covered += interval;
  }
  return covered > 0 ? (grown / covered) * 1000 * factor : Number.NaN;
}

/** The sum of several containers' values, each where it is there. */
export function sumOfValues(all: readonly Float64Array[]): Float64Array {
  const sums = new Float64Array(heapsterMetrics.length).fill(Number.NaN);
  for (const values of all) {
    for (const [index, value] of values.entries()) {
      const before = sums[index] ?? Number.NaN;
      if (!Number.isNaN(value)) sums[index] = Number.isNaN(before) ? value : before + value;
    }
  }
  return sums;
}
