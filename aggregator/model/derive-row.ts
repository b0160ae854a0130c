import type { Limits } from "../../wire/container.ts";
import { columnOf, storedStats } from "../../wire/metrics/all.ts";
import type { Stat } from "../../wire/metrics/metric.ts";
import type { Row } from "../../wire/ring.ts";
import { growthOf, rateOf, ratioOf } from "../../wire/stats/derive.ts";

/** A sample and the one before it. */
interface Pair {
  /** Undefined: there is none. */
  readonly before: Row | undefined;
  readonly now: Row;
  /** Milliseconds between them; NaN = counters can't be compared. */
  readonly interval: number;
  readonly limits: Limits;
}

/** How many statistics a row has. */
export const STORED_WIDTH: number = storedStats.length;

const derivations = storedStats.map(fromRows);

/**
 * Fills a row with what the history keeps of a sample: the same numbers as `derivationOf` makes from
 * a ring, but for every sample of a whole fleet.
 */
export function deriveRow(pair: Pair, into: Float64Array): void {
  for (let index = 0; index < STORED_WIDTH; index++) {
    into[index] = derivations[index]?.(pair) ?? Number.NaN;
  }
}

function growthIn({ before, now, interval }: Pair, column: number): number {
  if (before === undefined) return Number.NaN;
  return growthOf(before[column] ?? Number.NaN, now[column] ?? Number.NaN, interval);
}

function fromRows({ from }: Stat): (pair: Pair) => number {
  const column = columnOf(from.of);
  const { scale } = from.of;
  switch (from.kind) {
    case "value":
      return ({ now }) => (now[column] ?? Number.NaN) / scale;
    case "rate":
      return (pair) => rateOf(growthIn(pair, column), scale, pair.interval);
    case "ratio": {
      const over = columnOf(from.over);
      return (pair) => ratioOf(growthIn(pair, column), growthIn(pair, over));
    }
    case "share": {
      const { limit } = from;
      return ({ now, limits }) => {
        const most = limits[limit];
        if (most === null || most <= 0) return Number.NaN;
        return (now[column] ?? Number.NaN) / scale / most;
      };
    }
  }
}
