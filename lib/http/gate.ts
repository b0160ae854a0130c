import { HttpError } from "./errors.ts";

/** Lets only a few do costly work at a time; the others wait in order, but not too many of them. */
export class Gate {
  readonly #places: number;
  readonly #queueLength: number;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  /** `places` work at a time, `queueLength` wait. */
  constructor(places: number, queueLength: number) {
    this.#places = places;
    this.#queueLength = queueLength;
  }

  /** Does the work when it is its turn; throws a 503 if too many are before it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#busy < this.#places) {
      this.#busy++;
      return;
    }
    if (this.#waiting.length >= this.#queueLength) {
      throw new HttpError(503, "too many requests are waiting; ask again in a second");
    }
    // Whoever leaves hands its place over, so `#busy` stays as it is.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy--;
    else next();
  }
}
