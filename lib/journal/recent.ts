import type { Logged } from "./logged.ts";

/** Events are let go of in one go when there are so many too many. */
const SPARE = 1.1;

/** So many keep their moments, which are ten times as large as an event. */
const MOST_MOMENTS = 500;

/** The newest entries, in memory. */
export class Recent<Body> {
  readonly #most: number;
  #events: Logged<Body>[] = [];
  #withMoments: number[] = [];
  /** Events up to this id are not in here. */
  before: string;

  /** @param before the id that all events in here will follow */
  constructor(most: number, before: string) {
    this.#most = most;
    this.before = before;
  }

  get size(): number {
    return this.#events.length;
  }

  get newestId(): string {
    return this.#events.at(-1)?.event.id ?? this.before;
  }

  push(logged: Logged<Body>): void {
    this.#events.push(logged);
    if (logged.moments !== undefined) this.#withMoments.push(this.#events.length - 1);
    if (this.#withMoments.length > MOST_MOMENTS) this.#dropMoments();
    if (this.#events.length > this.#most * SPARE) this.#trim();
  }

  *newestFirst(): Generator<Logged<Body>> {
    for (let index = this.#events.length - 1; index >= 0; index--) {
      const logged = this.#events[index];
      if (logged !== undefined) yield logged;
    }
  }

  /** The first events that follow an id. */
  after(id: string, most: number): Logged<Body>[] {
    const first = this.#firstAfter(id);
    return this.#events.slice(first, first + most);
  }

  #firstAfter(id: string): number {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.event.id ?? "") > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #dropMoments(): void {
    const index = this.#withMoments.shift() ?? 0;
    const logged = this.#events[index];
    if (logged !== undefined) this.#events[index] = { ...logged, moments: undefined };
  }

  #trim(): void {
    const cut = this.#events.length - this.#most;
    this.before = this.#events[cut - 1]?.event.id ?? this.before;
    this.#events = this.#events.slice(cut);
    this.#withMoments = this.#withMoments.map((index) => index - cut).filter((index) => index >= 0);
  }
}
