import { setTimeout as sleep } from "node:timers/promises";

import type { Clock } from "../../lib/clock.ts";

/** The longest pause before a target that has never answered is asked again. */
export const LONGEST_PAUSE_MS = 30_000;
/** So even an answer that hangs until its time-out leaves time for another one. */
const RETRY_MS = 1000;

/** Where in the interval a target's turn is: the same after each start, and spread over targets. */
export function offsetOf(url: string, interval: number): number {
  // FNV-1a, 32 bit.
  let hash = 0x811c9dc5;
  for (let index = 0; index < url.length; index++) {
    hash = Math.imul(hash ^ url.charCodeAt(index), 0x01000193);
  }
  return ((hash >>> 0) / 2 ** 32) * interval;
}

/** How often a target is asked. Milliseconds. */
export interface Pace {
  readonly interval: number;
  /** How long the target keeps what was not fetched. */
  readonly keeps: number;
}

/** What the next turn depends on. Times are milliseconds, `now` and `begun` monotonic. */
export interface Turn extends Pace {
  readonly offset: number;
  readonly now: number;
  readonly failures: number;
  /** Since the last good answer; undefined while there was none. */
  readonly silent: number | undefined;
}

/**
 * Milliseconds until a target's next turn. After a failure it comes soon while the target still has
 * everything, then the pauses double up to the interval; one that keeps nothing is asked at its next
 * turn. Where nobody has answered yet the pauses begin with the interval, and double as long as a
 * new agent's first minute is not missed.
 */
export function delayOf({ interval, offset, now, failures, keeps, silent }: Turn): number {
  const untilTurn = interval - ((((now - offset) % interval) + interval) % interval);
  if (failures === 0) return untilTurn;
  if (silent === undefined) {
    return Math.min(
      interval * 2 ** Math.min(failures - 1, 16),
      Math.max(interval, LONGEST_PAUSE_MS),
    );
  }
  if (keeps === 0) return untilTurn;
  if (silent < keeps) return Math.min(RETRY_MS, interval);
  return Math.min(RETRY_MS * 2 ** Math.min(failures, 16), interval);
}

/** How a target is asked again and again. */
export interface ScheduleOptions {
  /** What its place in the interval is made from. */
  readonly name: string;
  readonly clock: Clock;
  /** How often it is asked from now on: what it turns out to be may change that. */
  readonly pace: () => Pace;
  /**
   * Asks once, at a turn that was due at a time of the monotonic clock; answers how often it has
   * failed since the last good answer. Never throws.
   */
  readonly ask: (signal: AbortSignal, due: number) => Promise<number>;
}

/** Asks at once, then in turn until the signal ends it. */
export async function runSchedule(options: ScheduleOptions, signal: AbortSignal): Promise<void> {
  const { name, clock, pace, ask } = options;
  let heard: number | undefined;
  let due = clock.monotonic();
  while (!signal.aborted) {
    const failures = await ask(signal, due);
    const now = clock.monotonic();
    if (failures === 0) heard = now;
    const silent = heard === undefined ? undefined : now - heard;
    const { interval, keeps } = pace();
    const offset = offsetOf(name, interval);
    const delay = delayOf({ interval, offset, now, failures, keeps, silent });
    due = now + delay;
    await sleep(delay, undefined, { signal }).catch(() => undefined);
  }
}
