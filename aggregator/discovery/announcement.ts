/** Says something soon after it has been asked to, once for however many times it was asked. */
export class Announcement {
  readonly #say: () => void;
  readonly #spacingMs: number;
  #timer: NodeJS.Timeout | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** @param spacingMs the least time between two announcements; the first one waits for nothing */
  constructor(spacingMs: number, say: () => void) {
    this.#spacingMs = spacingMs;
    this.#say = say;
  }

  ask(): void {
    if (this.#closed || this.#timer !== undefined) return;
    const wait = Math.max(this.#saidAt + this.#spacingMs - performance.now(), 0);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#saidAt = performance.now();
      this.#say();
    }, wait);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
