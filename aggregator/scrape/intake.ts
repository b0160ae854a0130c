/** How often those who wait are looked at again. Milliseconds. */
const LOOK_MS = 25;

/** What the first answer of an agent is taken to bring until one has come: a minute of thirty containers. */
const FIRST_SAMPLES = 1800;

/** An answer has come and was handed on; it brought so many samples, or undefined if it failed. */
export type Leave = (samples: number | undefined) => void;

interface Waiting {
  readonly samples: number;
  readonly enter: () => void;
}

/**
 * Asks for no more samples at a time than the store behind can take. Whoever keeps what was not
 * fetched loses nothing by waiting: so a fleet that is met for the first time, each with a minute to
 * tell, does not overflow the store's queue.
 */
export class Intake {
  readonly #free: () => number;
  readonly #waiting: Waiting[] = [];
  /** Samples that are under way. */
  #expected = 0;
  /** What somebody brings who has not answered before. */
  #typical = FIRST_SAMPLES;
  #timer: NodeJS.Timeout | undefined;

  /** @param free how many samples the store can take now */
  constructor(free: () => number) {
    this.#free = free;
  }

  /**
   * Waits until there is room for an answer, for `patience` milliseconds at most: after that it is let in
   * whether there is room or not.
   * @param expected samples that it will bring; undefined if it has never answered
   */
  async enter(expected: number | undefined, patience: number, signal: AbortSignal): Promise<Leave> {
    const samples = expected ?? this.#typical;
    if (this.#waiting.length > 0 || !this.#fits(samples)) {
      await this.#wait(samples, patience, signal);
    }
    this.#expected += samples;
    return (came) => {
      this.#expected -= samples;
      if (expected === undefined && came !== undefined) this.#typical = (this.#typical + came) / 2;
    };
  }

  /** One that brings more than there ever is room for goes alone. */
  #fits(samples: number): boolean {
    return this.#expected + samples <= this.#free();
  }

  #wait(samples: number, patience: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const enter = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", enter);
        const at = this.#waiting.indexOf(entry);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve();
      };
      const entry = { samples, enter };
      const timer = setTimeout(enter, patience);
      signal.addEventListener("abort", enter, { once: true });
      if (signal.aborted) return enter();
      this.#waiting.push(entry);
      this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    });
  }

  /** Who has waited longest comes first; what it takes counts from the next turn on. */
  #look(): void {
    let taken = 0;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#fits(taken + first.samples)) return;
      taken += first.samples;
      first.enter();
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
