import { type Entry, type Logged, type Timed, toLine, understand } from "./logged.ts";
import type { Packed } from "./packed.ts";
import { Recent } from "./recent.ts";
import type { SegmentLine } from "./segment-lines.ts";
import type { Segments } from "./segments.ts";

/** What a log is opened with. */
export interface JournalOptions {
  /** Unix milliseconds: what ids begin with. */
  readonly startedAt: number;
  /** Keeps all events; without it only the newest are kept. */
  readonly segments?: Segments | undefined;
  /** So many are in memory. */
  readonly recent?: number;
}

/** What follows an id. */
export interface Following<Body> {
  /** The oldest first. */
  readonly events: readonly Logged<Body>[];
  /** Some of what followed is not kept any more, or the id is none of ours. */
  readonly hasGap: boolean;
}

/** Which entries are wanted, by what they are and when they were. */
export interface Wanted<Body> {
  readonly matches: (event: Entry<Body>) => boolean;
  /** Unix milliseconds, both included. */
  readonly start: number;
  readonly end: number;
  /** Only what came after this id. */
  readonly after: string | undefined;
  /** Only the newest so many. */
  readonly limit: number;
}

const TIME_DIGITS = 9;
const COUNT_DIGITS = 7;
/** Where there is no disk, this is all that is kept; where there is, it is what readers are served from. */
const RECENT = 5000;

/** All that has happened, each event with an id that sorts: also over restarts and steps of the clock. */
export class Journal<Body extends Timed> {
  readonly #segments: Segments | undefined;
  readonly #listeners: Set<(logged: Logged<Body>) => void> = new Set();
  readonly #run: string;
  readonly #recent: Recent<Body>;
  #count = 0;

  constructor({ startedAt, segments, recent = RECENT }: JournalOptions) {
    this.#segments = segments;
    const lastId = segments?.lastId ?? "";
    const lastRun = lastId.split("-")[0] ?? "";
    const run = runOf(startedAt);
    // A clock that was set back must not give ids that are there already.
    this.#run = run > lastRun ? run : runOf(Number.parseInt(lastRun, 36) + 1);
    this.#recent = new Recent<Body>(recent, lastId === "" ? this.#idOf(0) : lastId);
  }

  /** How many events are in memory. */
  get size(): number {
    return this.#recent.size;
  }

  /** The id of the newest event; one that comes before all others if there has been none. */
  get newestId(): string {
    return this.#recent.newestId;
  }

  /** Puts an event down and tells those who listen. */
  append(event: Body, moments?: Packed): Logged<Body> {
    const whole = { id: this.#idOf(++this.#count), ...event };
    const logged = { event: whole, text: JSON.stringify(whole), moments };
    this.#recent.push(logged);
    this.#segments?.append(toLine(logged));
    for (const listener of this.#listeners) listener(logged);
    return logged;
  }

  /** Calls back with each new event; the function that is returned ends that. */
  subscribe(listener: (logged: Logged<Body>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The newest events that are wanted, in the order of their ids. */
  async query(wanted: Wanted<Body>): Promise<Logged<Body>[]> {
    const found: Logged<Body>[] = [];
    let isEnough = take(this.#recent.newestFirst(), wanted, found);
    if (!isEnough && this.#segments !== undefined) {
      const { before } = this.#recent;
      for await (const lines of this.#segments.read(wanted.start, wanted.end)) {
        const older = lines.filter(({ id }) => id <= before).toReversed();
        isEnough = take(
          older.map((line) => understand<Body>(line)),
          wanted,
          found,
        );
        if (isEnough) break;
      }
    }
    return found.toReversed();
  }

  /** At most `most` events that follow an id; the empty one comes before all. */
  async after(id: string, most: number): Promise<Following<Body>> {
    if (id < this.#recent.before) return this.#olderAfter(id, most);
    return { events: this.#recent.after(id, most), hasGap: id > this.newestId };
  }

  /** From the disk: no more than one of its files has, and nothing behind what the disk never took. */
  async #olderAfter(id: string, most: number): Promise<Following<Body>> {
    const { before } = this.#recent;
    const found = await this.#segments?.firstAfter(id);
    const first = found?.lines.findIndex((line) => line.id > id) ?? -1;
    const lines = first === -1 ? [] : (found?.lines.slice(first, first + most) ?? []);
    const older = unbroken(lines.filter((line) => line.id <= before));
    const events =
      older.length > 0
        ? older.map((line) => understand<Body>(line))
        : this.#recent.after(before, most);
    const isBroken = isBetween(id, older[0]?.id ?? events[0]?.event.id);
    // Nobody has seen the very beginning.
    const hasGap = id !== "" && (found?.isKnown !== true || isBroken);
    return { events, hasGap };
  }

  #idOf(count: number): string {
    return `${this.#run}-${count.toString(36).padStart(COUNT_DIGITS, "0")}`;
  }
}

/** Takes what is wanted; true if that is all that can be. */
function take<Body extends Timed>(
  newestFirst: Iterable<Logged<Body>>,
  { matches, start, end, after, limit }: Wanted<Body>,
  found: Logged<Body>[],
): boolean {
  for (const logged of newestFirst) {
    const { event } = logged;
    if (found.length >= limit || (after !== undefined && event.id <= after)) return true;
    const time = Date.parse(event.time);
    if (time >= start && time <= end && matches(event)) found.push(logged);
  }
  return found.length >= limit;
}

/** The lines up to where some are missing between two of them. */
function unbroken(lines: readonly SegmentLine[]): readonly SegmentLine[] {
  const end = lines.findIndex(({ id }, index) => index > 0 && isBetween(lines[index - 1]?.id, id));
  return end === -1 ? lines : lines.slice(0, end);
}

/** Whether entries stood between two ids of one run, which are counted. */
function isBetween(id: string | undefined, next: string | undefined): boolean {
  const [run, count = ""] = id?.split("-") ?? [];
  const [nextRun, nextCount = ""] = next?.split("-") ?? [];
  if (run === undefined || run !== nextRun) return false;
  return Number.parseInt(nextCount, 36) - Number.parseInt(count, 36) > 1;
}

function runOf(milliseconds: number): string {
  return Math.trunc(milliseconds).toString(36).padStart(TIME_DIGITS, "0");
}
