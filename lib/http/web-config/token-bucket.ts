/** Lets `burst` through at once, and one more after each interval. */
export class TokenBucket {
  readonly #intervalMs: number;
  readonly #burst: number;
  #left: number;
  #since: number;

  /** `now` is in milliseconds of a clock that never goes back, here as everywhere below. */
  constructor(intervalMs: number, burst: number, now: number) {
    this.#intervalMs = intervalMs;
    this.#burst = burst;
    this.#left = burst;
    this.#since = now;
  }

  /** Whether one more may pass; it then counts. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Takes back the last one. */
  giveBack(): void {
    this.#left = Math.min(this.#left + 1, this.#burst);
  }

  /** Whether it is as good as new. */
  isFull(now: number): boolean {
    this.#refill(now);
    return this.#left >= this.#burst;
  }

  #refill(now: number): void {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#since) / this.#intervalMs);
    this.#since = now;
  }
}
