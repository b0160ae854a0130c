import { QueryError } from "../../wire/stats/query.ts";
import { parseTime } from "../../wire/stats/time.ts";
import type { Range } from "../history/history.ts";

/** What is answered when only an end is given. */
const DEFAULT_LENGTH_MS = 3_600_000;
/** As many points as a chart can show. */
const POINTS = 300;
const MOST_POINTS = 11_000;
const SHORTEST_STEP_MS = 1000;

/** Steps that one can read off an axis, in milliseconds. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
];
const DAY_MS = 86_400_000;

/** The parameters of a range as they stand in the URL. */
export interface RawRange {
  readonly start?: string;
  readonly end?: string;
}

/**
 * Understands `start` and `end`: RFC 3339, Unix seconds, `now` or `-1h`. Undefined if neither is
 * given: then it is about now. Throws a QueryError that names the bad one.
 */
export function parseRange(raw: RawRange, now: number): Range | undefined {
  if (raw.start === undefined && raw.end === undefined) return undefined;
  const end = raw.end === undefined ? now : parseTime("end", raw.end, now);
  const start =
    raw.start === undefined ? end - DEFAULT_LENGTH_MS : parseTime("start", raw.start, now);
  if (start < end) return { start, end };
  throw new QueryError("start", "must be before the end");
}

/**
 * The step of a series in milliseconds: the one asked for, or one that gives about 300 points; a
 * multiple of the resolution in any case, as nothing finer is kept of that time.
 */
export function stepOf(
  range: Range,
  asked: number | undefined,
  resolution: number = SHORTEST_STEP_MS,
): number {
  const length = range.end - range.start;
  if (asked === undefined) {
    const least = Math.max(length / POINTS, resolution);
    const step = STEPS.find((each) => each >= least && each % resolution === 0);
    return step ?? Math.ceil(least / DAY_MS) * DAY_MS;
  }
  if (asked < SHORTEST_STEP_MS)
    throw new QueryError("step", "is less than 1s, which is what is kept");
  if (length / asked > MOST_POINTS)
    throw new QueryError("step", `gives more than ${MOST_POINTS} points; take a longer one`);
  // Samples are handed out to steps by their times, whatever those are.
  return resolution <= SHORTEST_STEP_MS ? asked : Math.ceil(asked / resolution) * resolution;
}

/**
 * The lengths, in milliseconds, at which sums are made for steps of a series, the finest first; all
 * are multiples of the resolution.
 */
export function gridsFor(step: number | undefined, resolution: number): number[] {
  const kept = STEPS.filter((grid) => grid % resolution === 0);
  if (step === undefined) return kept;
  const fitting = kept.filter((grid) => step % grid === 0);
  return fitting.length === 0 ? [resolution] : fitting;
}
