import type { Subject } from "../../wire/stats/answer.ts";
import type { Tracked } from "./tracked.ts";

/** Containers that have gone are kept for a window's length, but no more than so many. */
const MOST_GONE = 1000;

/** The last samples of every cgroup: what all routes read. */
export class Window {
  /** Samples kept of each cgroup: one more than the window has, as a rate needs the one before. */
  readonly capacity: number;
  /** Unix milliseconds of the last pass. */
  passedAt: number = Number.NaN;
  /** The same in monotonic milliseconds: how long ago that was, whatever has become of the clock. */
  passedMonotonic: number = Number.NaN;
  readonly #live: Map<string, Tracked> = new Map();
  readonly #gone: { readonly tracked: Tracked; readonly since: number }[] = [];
  readonly #listeners: Set<() => void> = new Set();
  readonly #keptMs: number;
  #begun = 0;
  #tick = 0;

  /** `length` samples, which take `keptMs` milliseconds. */
  constructor(length: number, keptMs: number) {
    this.#keptMs = keptMs;
    this.capacity = length + 1;
  }

  /** The last pass that is complete; 0 before the first. */
  get tick(): number {
    return this.#tick;
  }

  /** The cgroups that exist. */
  get live(): Iterable<Tracked> {
    return this.#live.values();
  }

  /** How many cgroups exist. */
  get size(): number {
    return this.#live.size;
  }

  /** The cgroups that exist and those that went within the window. */
  *all(): Generator<Tracked> {
    yield* this.#live.values();
    for (const { tracked } of this.#gone) yield tracked;
  }

  /** The cgroups that exist and have been sampled, as `/stats` takes them. */
  *subjects(): Generator<Subject & { readonly ring: Tracked["ring"] }> {
    for (const tracked of this.#live.values()) if (tracked.ring.length > 0) yield tracked;
  }

  /** The cgroup of a path, if it exists. */
  get(id: string): Tracked | undefined {
    return this.#live.get(id);
  }

  add(tracked: Tracked): void {
    this.#live.set(tracked.cgroup.id, tracked);
  }

  /**
   * Closes the files of a cgroup that has gone; its samples stay for the feed.
   * @param time Unix milliseconds
   * @param monotonic milliseconds, by which the samples age
   */
  remove(id: string, time: number, tick: number, monotonic: number = time): void {
    const tracked = this.#live.get(id);
    if (tracked === undefined) return;
    this.#live.delete(id);
    tracked.close();
    if (tracked.ring.length === 0) return;
    tracked.gone = { time, tick };
    this.#gone.push({ tracked, since: monotonic });
    if (this.#gone.length > MOST_GONE) this.#gone.shift();
  }

  /** The number of a new pass. */
  beginPass(): number {
    return ++this.#begun;
  }

  /**
   * Makes what a pass has found known.
   * @param time Unix milliseconds
   * @param monotonic milliseconds, as of `remove`
   */
  endPass(tick: number, time: number, monotonic: number = time): void {
    this.#tick = tick;
    this.passedAt = time;
    this.passedMonotonic = monotonic;
    // By time: while containers come and go there are many passes in a second.
    while ((this.#gone[0]?.since ?? monotonic) < monotonic - this.#keptMs) this.#gone.shift();
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after each pass; the function that is returned ends that. */
  onPass(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const tracked of this.#live.values()) tracked.close();
    this.#live.clear();
  }
}
