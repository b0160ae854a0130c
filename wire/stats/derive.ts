import type { Limits } from "../container.ts";
import { columnOf } from "../metrics/all.ts";
import type { Stat } from "../metrics/metric.ts";
import type { Ring } from "../ring.ts";

/** The value of a statistic at one sample of a ring; NaN = absent. */
export type Derive = (ring: Ring, position: number, limits: Limits) => number;

const MILLISECONDS = 1000;

/** Growth of a counter since the sample before; NaN if there is none or the counter went back. */
function growth(ring: Ring, position: number, column: number): number {
  if (position === 0 || Number.isNaN(ring.intervalAt(position))) return Number.NaN;
  const delta = ring.valueAt(position, column) - ring.valueAt(position - 1, column);
  return delta < 0 ? Number.NaN : delta;
}

function ratio(part: number, whole: number): number {
  // No period has passed, so none ran out.
  return whole === 0 && part === 0 ? 0 : part / whole;
}

/** Makes the function that computes a statistic, with its columns looked up once. */
export function derive(stat: Stat): Derive {
  const { from } = stat;
  const column = columnOf(from.of);
  const { scale } = from.of;
  switch (from.kind) {
    case "value":
      return (ring, position) => ring.valueAt(position, column) / scale;
    case "rate":
      return (ring, position) =>
        (growth(ring, position, column) / scale / ring.intervalAt(position)) * MILLISECONDS;
    case "ratio": {
      const over = columnOf(from.over);
      return (ring, position) =>
        ratio(growth(ring, position, column), growth(ring, position, over));
    }
    case "share": {
      const { limit } = from;
      return (ring, position, limits) => {
        const most = limits[limit];
        return most === null || most <= 0
          ? Number.NaN
          : ring.valueAt(position, column) / scale / most;
      };
    }
  }
}
