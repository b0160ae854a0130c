import type { Clock } from "../../lib/clock.ts";
import type { Tally } from "./walk.ts";

const SECOND = 1000;

/** After it was found a container makes its first files. */
const FIRST_MS = SECOND;

/** A small tree is walked again after this. */
const SHORTEST_MS = 10 * SECOND;

/** Where there are many, five of them a second. */
const EACH_MS = 200;

/** A great one so seldom that it costs no more than fifty entries a second. */
const EACH_ENTRY_MS = 20;

/** The longest time between two walks, even if nothing has run: others may write there too. */
const LONGEST_MS = 20 * 60 * SECOND;

/** Up to so many entries a tree is small. */
export const SMALL = 2000;

/** Adds up a tree at a place that may be stuck; `limit` is what its filesystem can hold, in bytes. */
export type WalkTree = (place: string, path: string) => Promise<Tally & { readonly limit: number }>;

/** When something is measured, and how that went. */
export interface Task {
  dueAt: number;
  /** When the last result was begun; NaN = there is none. */
  measuredAt: number;
  /** What the last walk cost, as far as it went. */
  entries: number;
  /** Since the last result. */
  failures: number;
  /** Whether it may have changed since the last walk began. */
  isStirred: boolean;
  /** Walks its trees; gives how many entries these had. */
  measure(walkTree: WalkTree): Promise<number>;
  /** It could not be measured. */
  forget(): void;
}

/** Who is measured next: what is new, then what waits longest; the costlier the less often. */
export class Schedule {
  readonly #tasks: Set<Task> = new Set();
  readonly #underWay: Set<Task> = new Set();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes up a task; it is due soon. */
  add(task: Task): void {
    Object.assign(task, {
      dueAt: this.#clock.monotonic() + FIRST_MS,
      measuredAt: Number.NaN,
      entries: 0,
      failures: 0,
      isStirred: true,
    });
    this.#tasks.add(task);
  }

  remove(task: Task): void {
    this.#tasks.delete(task);
  }

  /** Takes the task to do now; with `smallOnly` none of which it is known that it takes long. */
  next(smallOnly: boolean): Task | undefined {
    const now = this.#clock.monotonic();
    let found: Task | undefined;
    for (const task of this.#tasks) {
      if (!isDue(task, now) || this.#underWay.has(task)) continue;
      if (smallOnly && task.entries > SMALL) continue;
      if (found === undefined || isBefore(task, found)) found = task;
    }
    if (found === undefined) return undefined;
    this.#underWay.add(found);
    found.isStirred = false;
    return found;
  }

  /** It has been measured; `startedAt` is when that began. */
  done(task: Task, startedAt: number, entries: number): void {
    this.#underWay.delete(task);
    task.measuredAt = startedAt;
    task.entries = entries;
    task.failures = 0;
    const wait = Math.max(SHORTEST_MS, EACH_MS * this.#tasks.size, EACH_ENTRY_MS * entries);
    task.dueAt = this.#clock.monotonic() + Math.min(wait, LONGEST_MS);
  }

  /** It turned out to be too much for now; it stays due. */
  postpone(task: Task): void {
    this.#underWay.delete(task);
    task.entries = SMALL + 1;
    task.isStirred = true;
  }

  failed(task: Task): void {
    this.#underWay.delete(task);
    task.measuredAt = Number.NaN;
    const wait = SHORTEST_MS * 2 ** Math.min(task.failures++, 10);
    task.dueAt = this.#clock.monotonic() + Math.min(wait, LONGEST_MS);
  }

  /** How many are due. */
  get waiting(): number {
    const now = this.#clock.monotonic();
    return [...this.#tasks].filter((task) => isDue(task, now)).length;
  }

  /** Age in seconds of the oldest result that may have changed since; 0 = none has. */
  get oldestSeconds(): number {
    const stirred = [...this.#tasks].filter(
      ({ isStirred, measuredAt }) => isStirred && !Number.isNaN(measuredAt),
    );
    const now = this.#clock.monotonic();
    return Math.max(0, ...stirred.map(({ measuredAt }) => now - measuredAt)) / SECOND;
  }
}

function isDue({ dueAt, measuredAt, isStirred }: Task, now: number): boolean {
  if (now < dueAt) return false;
  return isStirred || Number.isNaN(measuredAt) || now - measuredAt >= LONGEST_MS;
}

function isNew({ measuredAt, failures }: Task): boolean {
  return Number.isNaN(measuredAt) && failures === 0;
}

function isBefore(one: Task, other: Task): boolean {
  if (isNew(one) !== isNew(other)) return isNew(one);
  return one.dueAt < other.dueAt;
}
