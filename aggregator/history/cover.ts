import type { Range } from "./history.ts";
import { resolutionAt, type Tier, type Width } from "./tiers.ts";

/** A stretch of time that one tier answers for. */
export interface Piece extends Range {
  readonly width: Width;
}

/** What answers a question. */
export interface Cover {
  /** Neither overlap nor leave anything out. */
  readonly pieces: readonly Piece[];
  /** Milliseconds that the coarsest point stands for that had to be taken. */
  readonly resolution: Width;
}

/** What the points are to be good for. */
export interface Wanted {
  /** Milliseconds; no point may reach over a multiple of it. Left out: the range is summed up as a whole. */
  readonly step?: number;
  /** Whether the points themselves count, as for a percentile, and not only what they come to. */
  readonly points?: boolean;
}

/**
 * Cuts a range into pieces of tiers. What a finer tier has lost comes from the next coarser one. The
 * middle comes from coarse tiers in any case where they come to the same with fewer rows.
 *
 * @param tiers the finest first
 */
export function cover(range: Range, tiers: readonly Tier[], wanted: Wanted = {}): Cover {
  const { step, points = false } = wanted;
  const resolution = resolutionAt(tiers, range.start);
  const serves = ({ width }: Tier): boolean =>
    (step === undefined || step % width === 0) && (!points || width <= resolution);
  const pieces = [...piecesOf(range, tiers, serves)];
  return { pieces: pieces.toSorted((a, b) => a.start - b.start), resolution };
}

function* piecesOf(
  { start, end }: Range,
  tiers: readonly Tier[],
  serves: (tier: Tier) => boolean,
): Generator<Piece> {
  if (start >= end) return;
  const [tier, finer] = [tiers.at(-1), tiers.slice(0, -1)];
  if (tier === undefined) return;
  const { width } = tier;
  // From before this no finer tier has anything.
  const lost = Math.min(...finer.map(({ floor }) => floor));
  const from = start < lost ? start : Math.ceil(Math.max(start, tier.floor) / width) * width;
  const whole = serves(tier) ? Math.floor(Math.min(end, tier.until) / width) * width : -Infinity;
  const to = Math.min(end, Math.max(start < lost ? lost : -Infinity, whole));
  if (from >= to) {
    yield* piecesOf({ start, end }, finer, serves);
    return;
  }
  yield { width, start: from, end: to };
  yield* piecesOf({ start, end: from }, finer, serves);
  yield* piecesOf({ start: to, end }, finer, serves);
}
