import { setTimeout as sleep } from "node:timers/promises";

import type { Clock } from "../../lib/clock.ts";

/** What was not used may be used up later, but no more than of so long. */
const SAVED_MS = 100;

/** Keeps all walks together below so many directory entries a second. */
export class Pace {
  readonly #millisecondsEach: number;
  readonly #clock: Clock;
  #paidUntil: number;

  constructor(entriesPerSecond: number, clock: Clock) {
    this.#millisecondsEach = 1000 / entriesPerSecond;
    this.#clock = clock;
    this.#paidUntil = clock.monotonic();
  }

  /** Accounts for entries that were looked at; resolves when more may be. Gives the milliseconds waited. */
  async pay(entries: number): Promise<number> {
    const now = this.#clock.monotonic();
    const from = Math.max(this.#paidUntil, now - SAVED_MS);
    this.#paidUntil = from + entries * this.#millisecondsEach;
    if (this.#paidUntil <= now) return 0;
    await sleep(this.#paidUntil - now, undefined, { ref: false });
    return this.#clock.monotonic() - now;
  }
}
