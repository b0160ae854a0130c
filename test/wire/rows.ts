import { allMetrics, columnOf } from "../../wire/metrics/all.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import { Ring } from "../../wire/ring.ts";

/** A row with some columns set; the others are absent. */
export function rowOf(values: readonly (readonly [Metric, number])[]): Float64Array {
  const row = new Float64Array(allMetrics.length).fill(Number.NaN);
  for (const [metric, value] of values) row[columnOf(metric)] = value;
  return row;
}

/** A ring with one sample a second from `start` on; the first has nothing to be compared with. */
export function ringOf(start: number, rows: readonly Float64Array[], capacity = 61): Ring {
  const ring = new Ring(capacity, allMetrics.length);
  for (const [index, row] of rows.entries()) {
    ring.push(index + 1, start + index * 1000, index === 0 ? Number.NaN : 1000, row);
  }
  return ring;
}
