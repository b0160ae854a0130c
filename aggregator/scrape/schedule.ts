import { setTimeout as sleep } from "node:timers/promises";

import type { Clock } from "../../lib/clock.ts";

/** Agents keep a minute: what is asked for again within it loses nothing. */
const KEPT_MS = 60_000;
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

/** What the next turn depends on. Times are milliseconds, `now` and `begun` monotonic. */
export interface Turn {
  readonly interval: number;
  readonly offset: number;
  readonly now: number;
  readonly failures: number;
  /** Since the last good answer; undefined while there was none. */
  readonly silent: number | undefined;
}

/**
 * Milliseconds until a target's next turn. After a failure it comes soon while the agent still has
 * everything; then the pauses double up to the interval. Where no agent has answered yet they begin
 * with the interval, and double as long as a new agent's first minute is not missed.
 */
export function delayOf({ interval, offset, now, failures, silent }: Turn): number {
  const untilTurn = interval - ((((now - offset) % interval) + interval) % interval);
  if (failures === 0) return untilTurn;
  if (silent === undefined) {
    return Math.min(interval * 2 ** Math.min(failures - 1, 16), Math.max(interval, KEPT_MS / 2));
  }
  if (silent < KEPT_MS) return Math.min(RETRY_MS, interval);
  return Math.min(RETRY_MS * 2 ** Math.min(failures, 16), interval);
}

/** How a target is asked again and again. */
export interface ScheduleOptions {
  readonly url: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly clock: Clock;
  /** Asks once; answers how often it has failed since the last good answer. Never throws. */
  readonly ask: (signal: AbortSignal) => Promise<number>;
}

/** Asks at once, then in turn until the signal ends it. */
export async function runSchedule(options: ScheduleOptions, signal: AbortSignal): Promise<void> {
  const { interval, clock, ask } = options;
  const offset = offsetOf(options.url, interval);
  let heard: number | undefined;
  while (!signal.aborted) {
    const failures = await ask(signal);
    const now = clock.monotonic();
    if (failures === 0) heard = now;
    const silent = heard === undefined ? undefined : now - heard;
    const delay = delayOf({ interval, offset, now, failures, silent });
    await sleep(delay, undefined, { signal }).catch(() => undefined);
  }
}
