import type { Limits } from "../container.ts";
import { columnOf } from "../metrics/all.ts";
import type { Stat } from "../metrics/metric.ts";
import type { Ring } from "../ring.ts";

/** The value of a statistic at one sample of a ring; NaN = absent. */
export type Derive = (ring: Ring, position: number, limits: Limits) => number;

const MILLISECONDS = 1000;

/** Growth of a counter from one sample to the next; NaN if it went back, or if no time has passed. */
export function growthOf(before: number, now: number, interval: number): number {
  const delta = now - before;
  return delta < 0 || !(interval > 0) ? Number.NaN : delta;
}

/** Growth a second of a raw counter, in the statistic's unit; `interval` in milliseconds. */
export function rateOf(growth: number, scale: number, interval: number): number {
  return (growth / scale / interval) * MILLISECONDS;
}

/** The growth of one counter over that of another; NaN if only the former has grown. */
export function ratioOf(part: number, whole: number): number {
  if (whole !== 0) return part / whole;
  // No period has passed, so none ran out.
  return part === 0 ? 0 : Number.NaN;
}

function growthAt(ring: Ring, position: number, column: number): number {
  if (position === 0) return Number.NaN;
  const before = ring.valueAt(position - 1, column);
  return growthOf(before, ring.valueAt(position, column), ring.intervalAt(position));
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
        rateOf(growthAt(ring, position, column), scale, ring.intervalAt(position));
    case "ratio": {
      const over = columnOf(from.over);
      return (ring, position) =>
        ratioOf(growthAt(ring, position, column), growthAt(ring, position, over));
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

/**
 * Makes the function that computes what a statistic counts for in a weighted mean: what a ratio or a
 * share is a part of, 1 for everything else.
 */
export function deriveWhole({ from }: Stat): Derive {
  switch (from.kind) {
    case "ratio": {
      const over = columnOf(from.over);
      const { scale } = from.over;
      return (ring, position) =>
        rateOf(growthAt(ring, position, over), scale, ring.intervalAt(position));
    }
    case "share": {
      const { limit } = from;
      return (_ring, _position, limits) => limits[limit] ?? Number.NaN;
    }
    case "value":
    case "rate":
      return () => 1;
  }
}
