import type { FeedContainer } from "../../wire/feed.ts";
import { type Cursor, parseCursor, reaches } from "./cursor.ts";
import type { Feed } from "./feed.ts";

/** What of an answer of an agent was handed on before. */
export interface Known {
  /** Up to where the answer goes; undefined if its agent does not say. */
  readonly cursor: Cursor | undefined;
  /** The agent's passes up to here have been handed on; undefined if none of this life has. */
  readonly tick: number | undefined;
  /**
   * Whether times tell what is known of another life: two agents may speak for a node one after the
   * other and have sampled the same seconds. Not so if the clock was set back since.
   */
  readonly byTime: boolean;
  /** Whether nothing is missing between what was handed on and this answer. */
  readonly isWhole: boolean;
}

/** A clock that goes back by more intervals than these between two answers has been set. */
const SAME_CLOCK_INTERVALS = 2;

/**
 * Compares an answer with what was taken of its node before.
 * @param taken up to where that was
 * @param lastTime Unix milliseconds of the newest sample of it; -Infinity if there is none
 */
export function knownOf(feed: Feed, taken: Cursor | undefined, lastTime: number): Known {
  const cursor = parseCursor(feed.head.cursor);
  if (cursor !== undefined && taken?.run === cursor.run) {
    return { cursor, tick: taken.tick, byTime: false, isWhole: isWhole(feed, taken) };
  }
  const tolerance = SAME_CLOCK_INTERVALS * feed.head.interval_seconds * 1000;
  const byTime = !(newestTime(feed.lines) < lastTime - tolerance);
  return { cursor, tick: undefined, byTime, isWhole: false };
}

/** Whether the agent still had everything, and was asked for all that we lack. */
function isWhole({ head, since }: Feed, taken: Cursor): boolean {
  const oldest = parseCursor(head.oldest);
  if (oldest === undefined || !reaches(taken, oldest)) return false;
  const from = since === undefined ? undefined : parseCursor(since);
  // To a cursor of another life it tells everything.
  return from === undefined || from.run !== taken.run || from.tick <= taken.tick;
}

/** Unix milliseconds; NaN if there are no samples. */
function newestTime(lines: readonly FeedContainer[]): number {
  let newest = Number.NaN;
  for (const { times } of lines) {
    if (times.length === 0) continue;
    const last = times.reduce((sum, difference) => sum + difference) / 1000;
    if (!(last <= newest)) newest = last;
  }
  return newest;
}
