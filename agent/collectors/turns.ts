/** Milliseconds that all together may take in one pass over the cgroups. */
const BUDGET_MS = 100;

/** The cost is a moving average over about so many readings. */
const SMOOTHING = 8;

/**
 * Lets those who read something costly take turns, one after the other and beside the sampling, so
 * that all of them together stay within a budget: the more there are and the more a reading costs,
 * the rarer it is.
 */
export class Turns {
  readonly #now: () => number;
  #last: Promise<void> = Promise.resolve();
  #present = 0;
  #cost = 0;
  #isKnown = false;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a place among them. */
  join(): Turn {
    this.#present++;
    return new Turn({
      period: () => Math.max(1, Math.ceil((this.#present * this.#cost) / BUDGET_MS)),
      queue: (read) => (this.#last = this.#last.then(() => this.#measure(read))),
      leave: () => this.#present--,
    });
  }

  async #measure(read: () => Promise<void>): Promise<void> {
    const start = this.#now();
    await read();
    const cost = this.#now() - start;
    this.#cost += (cost - this.#cost) / (this.#isKnown ? SMOOTHING : 1);
    this.#isKnown = true;
  }
}

interface Row {
  readonly period: () => number;
  readonly queue: (read: () => Promise<void>) => Promise<void>;
  readonly leave: () => void;
}

/** One place in the row. */
export class Turn {
  readonly #row: Row;
  #passes = 0;
  #tookAt = Number.NaN;
  #reading: Promise<void> | undefined;

  constructor(row: Row) {
    this.#row = row;
  }

  /** Begins to read if it is its turn; called once in each pass. `read` must not throw. */
  take(read: () => Promise<void>): void {
    const pass = this.#passes++;
    if (this.#reading !== undefined) return;
    // The first time at once, however long the row is: until then there is nothing to show.
    const isFirst = Number.isNaN(this.#tookAt);
    if (!isFirst && pass - this.#tookAt < this.#row.period()) return;
    this.#tookAt = pass;
    this.#reading = this.#row.queue(async () => {
      await read();
      this.#reading = undefined;
    });
  }

  /** Leaves the row; `then` is done when nothing is being read any more. */
  leave(then: () => void): void {
    this.#row.leave();
    if (this.#reading === undefined) then();
    else void this.#reading.then(then);
  }
}
