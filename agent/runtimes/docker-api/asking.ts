/** How many containers are asked for at once. */
const PARALLEL = 4;

/** So many wait at most; the next list finds what did not fit. */
const MOST_WAITING = 10_000;

/** One container is asked for so often in a turn, and then again in the next: one that restarts needs no more. */
const MOST_IN_A_TURN = 3;
const TURN_MS = 1000;

/**
 * Asks for containers by id, a few at a time, and each at most once at a time: the older of two answers
 * might come last. However often a container changes meanwhile, it is asked for once more afterwards;
 * one that never stops changing is asked for a few times a second.
 */
export class Asking<Answer> {
  readonly #ask: (id: string) => Promise<Answer | undefined>;
  readonly #tell: (answer: Answer) => void;
  readonly #waiting: Set<string> = new Set();
  /** Those that are being asked for, and whether the answer still is wanted. */
  readonly #asked: Map<string, boolean> = new Map();
  /** How often each has been asked for in this turn. */
  readonly #counts: Map<string, number> = new Map();
  /** Those that have changed, but have been asked for often enough. */
  readonly #resting: Set<string> = new Set();

  /**
   * @param ask must not throw; undefined if there is no answer
   * @param tell gets what was answered
   */
  constructor(ask: (id: string) => Promise<Answer | undefined>, tell: (answer: Answer) => void) {
    this.#ask = ask;
    this.#tell = tell;
  }

  /** This container has changed. */
  add(id: string): void {
    if (this.#waiting.size + this.#resting.size >= MOST_WAITING) return;
    if ((this.#counts.get(id) ?? 0) >= MOST_IN_A_TURN) {
      this.#resting.add(id);
      return;
    }
    this.#waiting.add(id);
    this.#next();
  }

  /** This container has gone: no late answer brings it back. */
  forget(id: string): void {
    this.#waiting.delete(id);
    this.#resting.delete(id);
    if (this.#asked.has(id)) this.#asked.set(id, false);
  }

  #next(): void {
    if (this.#asked.size >= PARALLEL) return;
    for (const id of this.#waiting) {
      if (this.#asked.has(id)) continue;
      this.#waiting.delete(id);
      this.#asked.set(id, true);
      this.#count(id);
      void this.#askOne(id);
      if (this.#asked.size >= PARALLEL) return;
    }
  }

  #count(id: string): void {
    if (this.#counts.size === 0) setTimeout(() => this.#beginTurn(), TURN_MS).unref();
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  #beginTurn(): void {
    this.#counts.clear();
    for (const id of this.#resting) this.#waiting.add(id);
    this.#resting.clear();
    this.#next();
  }

  async #askOne(id: string): Promise<void> {
    const answer = await this.#ask(id);
    const isWanted = this.#asked.get(id) === true;
    this.#asked.delete(id);
    if (isWanted && answer !== undefined) this.#tell(answer);
    this.#next();
  }
}
