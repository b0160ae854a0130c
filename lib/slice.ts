import { setImmediate as yieldToOthers } from "node:timers/promises";

/** Long work in small pieces: `if (slice.isOver()) await slice.next()` lets everyone else go on. */
export class Slice {
  readonly #milliseconds: number;
  #end: number;

  /** @param milliseconds how long one piece may keep the event loop */
  constructor(milliseconds = 5) {
    this.#milliseconds = milliseconds;
    this.#end = performance.now() + milliseconds;
  }

  /** Whether this piece has taken long enough. */
  isOver(): boolean {
    return performance.now() > this.#end;
  }

  /** Lets others run, then begins the next piece. */
  async next(): Promise<void> {
    await yieldToOthers();
    this.#end = performance.now() + this.#milliseconds;
  }
}
