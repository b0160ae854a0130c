import type { Container } from "../../wire/container.ts";
import type { FeedSamples } from "../../wire/feed.ts";
import { allMetrics } from "../../wire/metrics/all.ts";
import { Ring } from "../../wire/ring.ts";
import type { Stretch } from "./batch.ts";
import { deriveRow, STORED_WIDTH } from "./derive-row.ts";
import type { Known } from "./known.ts";

/** Sixty seconds, and the sample before them that the first rate is made from. */
const CAPACITY = 61;

/** What samples came to. */
interface Taken {
  /** Those that are to be kept because nobody has kept them yet. */
  readonly stretch: Stretch;
  /** Those that the live window did not have. */
  readonly fresh: FeedSamples;
}

/** A container of a node: who it is and its last samples. */
export class Member {
  container: Container;
  /** Unix milliseconds at which it ended, as its node says. */
  gone: number | undefined;
  readonly ring: Ring = new Ring(CAPACITY, allMetrics.length);
  /** Time of the newest sample that the history had before this process began, as long as nothing better tells. */
  #storedUntil: number;
  /** The agent's life that its newest sample is of. */
  #run: string | undefined;

  constructor(container: Container, storedUntil: number) {
    this.container = container;
    this.#storedUntil = storedUntil;
  }

  /** Unix milliseconds of the newest sample; NaN while there is none. */
  get lastTime(): number {
    return this.ring.timeAt(this.ring.length - 1);
  }

  /** Takes samples of one answer in, oldest first. */
  take(node: string, samples: FeedSamples, known: Known): Taken {
    const { ticks, times, intervals } = samples;
    const from = this.#firstFresh(samples, known);
    const kept = Math.max(from, this.#firstUnkept(samples, known));
    const follows = this.#follows(samples, from, known);
    // Passes of the one life say nothing of another's.
    if (from < ticks.length) this.#run = known.cursor?.run;
    const rows: Float64Array[] = [];
    // One block of memory, as many small ones cost more than their numbers.
    const block = new Float64Array(Math.max(0, ticks.length - kept) * STORED_WIDTH);
    const { limits } = this.container;
    let before = this.#newestRow();
    for (let index = from; index < ticks.length; index++) {
      const now = samples.rows[index];
      if (now === undefined) break;
      const interval = (index > from || follows ? intervals[index] : undefined) ?? Number.NaN;
      this.ring.push(ticks[index] ?? 0, times[index] ?? 0, interval, now);
      if (index >= kept) {
        const start = rows.length * STORED_WIDTH;
        const row = block.subarray(start, start + STORED_WIDTH);
        deriveRow({ before, now, interval, limits }, row);
        rows.push(row);
      }
      before = now;
    }
    // Passes have told what is stored: an older time may be of a clock that was set back since.
    if (known.tick !== undefined && this.ring.length > 0) this.#storedUntil = this.lastTime;
    const { container } = this;
    const until =
      known.cursor === undefined ? {} : { until: known.cursor, ticks: ticks.slice(kept) };
    const stretch = { node, container, ...until, ...tailOf({ times, intervals }, kept), rows };
    return { stretch, fresh: freshOf(samples, from) };
  }

  /** The first sample that the ring has not. */
  #firstFresh({ ticks, times }: FeedSamples, known: Known): number {
    if (this.ring.length === 0) return 0;
    const isSameRun = known.cursor !== undefined && this.#run === known.cursor.run;
    if (isSameRun) return firstAfter(ticks, this.ring.tickAt(this.ring.length - 1));
    return known.byTime ? firstAfter(times, this.lastTime) : 0;
  }

  /** The first sample that was not handed on before. */
  #firstUnkept({ ticks, times }: FeedSamples, known: Known): number {
    if (known.tick !== undefined) return firstAfter(ticks, known.tick);
    return known.byTime ? firstAfter(times, this.#storedUntil) : 0;
  }

  /** Counters can be compared only with the very sample that the agent's interval begins at. */
  #follows({ ticks, times, intervals }: FeedSamples, from: number, known: Known): boolean {
    const { ring } = this;
    if (ring.length === 0) return false;
    if (known.cursor !== undefined && known.cursor.run === this.#run) {
      if (from > 0) return ticks[from - 1] === ring.tickAt(ring.length - 1);
      if (known.isWhole) return true;
    }
    const interval = intervals[from] ?? Number.NaN;
    return Math.abs((times[from] ?? Number.NaN) - interval - this.lastTime) <= interval / 2;
  }

  #newestRow(): Float64Array | undefined {
    const { ring } = this;
    if (ring.length === 0) return undefined;
    const row = new Float64Array(allMetrics.length);
    for (let column = 0; column < row.length; column++) {
      row[column] = ring.valueAt(ring.length - 1, column);
    }
    return row;
  }
}

/** The first position of what is greater than a limit; the length if there is none. */
function firstAfter(values: readonly number[], limit: number): number {
  const found = values.findIndex((value) => value > limit);
  return found === -1 ? values.length : found;
}

function tailOf(
  { times, intervals }: Pick<FeedSamples, "times" | "intervals">,
  from: number,
): Pick<Stretch, "times" | "intervals"> {
  return from === 0
    ? { times, intervals }
    : { times: times.slice(from), intervals: intervals.slice(from) };
}

function freshOf(samples: FeedSamples, from: number): FeedSamples {
  if (from === 0) return samples;
  const { ticks, rows } = samples;
  return { ...tailOf(samples, from), ticks: ticks.slice(from), rows: rows.slice(from) };
}
