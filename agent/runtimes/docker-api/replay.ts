import { EVENTS_PATH } from "./events.ts";

/** What is asked for again goes back so far behind what was heard last: times are not always in order. */
const OVERLAP_SECONDS = 2;

/** Nobody wants to hear of what happened longer ago. */
const MOST_SECONDS = 3600;

/** So many are recognized when they are told again: Docker remembers 256 events. */
const MOST_HEARD = 2000;

/**
 * What an engine is asked for when it is connected to: what has happened since it was heard last, as
 * far as it remembers, and what of its answer is new.
 */
export class Replay {
  /** When what was heard last happened, Unix seconds. */
  #last: number | undefined;
  readonly #heard: Set<string> = new Set();

  /** @param since Unix milliseconds from which on events are wanted; undefined = from now on */
  constructor(since: number | undefined) {
    if (since !== undefined) this.#last = since / 1000;
  }

  /** Where events are asked for. `now` is Unix milliseconds. */
  path(now: number): string {
    const seconds = now / 1000;
    if (this.#last === undefined) {
      this.#last = seconds;
      return EVENTS_PATH;
    }
    // Whole seconds: every engine understands these.
    const since = Math.floor(Math.max(this.#last - OVERLAP_SECONDS, seconds - MOST_SECONDS));
    return `${EVENTS_PATH}&since=${since}`;
  }

  /** Notes an event by its line's time (Unix nanoseconds, as text); false if it was heard before. */
  isNew(id: string, action: string, nanos: string | undefined): boolean {
    if (nanos === undefined) return true;
    const key = `${id} ${action} ${nanos}`;
    if (this.#heard.has(key)) return false;
    this.#heard.add(key);
    const [oldest] = this.#heard;
    if (this.#heard.size > MOST_HEARD && oldest !== undefined) this.#heard.delete(oldest);
    this.#last = Number(nanos) / 1e9;
    return true;
  }
}

/**
 * When an event happened, Unix nanoseconds: more digits than a number holds. In a label's text the
 * quotes are escaped.
 */
export function nanosOf(line: string): string | undefined {
  return /"timeNano":\s*(\d{1,19})\b/.exec(line)?.[1];
}

/** The same in whole Unix milliseconds. */
export function millisecondsOf(nanos: string): number {
  return Number(BigInt(nanos) / 1_000_000n);
}
