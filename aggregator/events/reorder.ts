import type { Packed } from "../../lib/journal/packed.ts";
import type { NewEvent } from "../../wire/events/event.ts";

/** An event on its way into the log. */
export interface Arrived {
  readonly event: NewEvent;
  readonly moments: Packed | undefined;
}

interface Waiting extends Arrived {
  /** Unix milliseconds that it is sorted by. */
  readonly rank: number;
  /** By the monotonic clock: when it goes on at the latest. */
  readonly due: number;
}

/** So many wait at most. */
const MOST_WAITING = 10_000;

/**
 * Holds events of several nodes back for a moment, so that they go on in the order of their times.
 * Those of one node keep the order that they came in, whatever its clock does. What comes later than
 * that goes on when it comes.
 */
export class Reorder {
  readonly #wait: number;
  readonly #out: (arrived: Arrived) => void;
  /** The time of the last event of each node. */
  readonly #ranks = new Map<string, number>();
  #waiting: Waiting[] = [];

  /** @param wait milliseconds that an event is held back */
  constructor(wait: number, out: (arrived: Arrived) => void) {
    this.#wait = wait;
    this.#out = out;
  }

  /** Takes an event in; `now` is the monotonic clock. */
  push(arrived: Arrived, now: number): void {
    const { time, node } = arrived.event;
    const rank = Math.max(Date.parse(time), this.#ranks.get(node) ?? Number.NEGATIVE_INFINITY);
    this.#ranks.set(node, rank);
    this.#waiting.push({ ...arrived, rank, due: now + this.#wait });
    if (this.#waiting.length > MOST_WAITING) this.flush(Number.POSITIVE_INFINITY);
  }

  /** Lets go on what has waited long enough, and whatever was before it. */
  flush(now: number): void {
    if (this.#waiting.every(({ due }) => due > now)) return;
    // Sorting leaves those of one time, and so of one node, in the order that they came in.
    const sorted = this.#waiting.toSorted((a, b) => a.rank - b.rank);
    const end = sorted.findLastIndex(({ due }) => due <= now) + 1;
    this.#waiting = sorted.slice(end);
    // A clock that was ahead once must not hold a node's order to that for ever.
    if (this.#waiting.length === 0) this.#ranks.clear();
    for (const { event, moments } of sorted.slice(0, end)) this.#out({ event, moments });
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }
}
