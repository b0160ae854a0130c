import type { Container } from "../../wire/container.ts";
import type { FeedSamples } from "../../wire/feed.ts";
import { allMetrics, storedStats } from "../../wire/metrics/all.ts";
import { Ring, type Row } from "../../wire/ring.ts";
import { derivationOf } from "../../wire/stats/answer.ts";
import type { Stretch } from "./batch.ts";

/** Sixty seconds, and the sample before them that the first rate is made from. */
const CAPACITY = 61;

/** By how much a clock may be set back without counting as another one. */
const SAME_CLOCK_MS = 2 * 60_000;

const derivations = storedStats.map(derivationOf);

/** A container of a node: who it is and its last samples. */
export class Member {
  container: Container;
  /** Unix milliseconds at which it ended, as its node says. */
  gone: number | undefined;
  readonly ring: Ring = new Ring(CAPACITY, allMetrics.length);
  /** Time of the newest sample that the history had before this process began. */
  #storedUntil: number;

  constructor(container: Container, storedUntil: number) {
    this.container = container;
    this.#storedUntil = storedUntil;
  }

  /** Unix milliseconds of the newest sample; NaN while there is none. */
  get lastTime(): number {
    return this.ring.timeAt(this.ring.length - 1);
  }

  /** Takes samples in; answers those that are to be kept because nobody has kept them yet. */
  take(node: string, samples: FeedSamples): Stretch {
    const times: number[] = [];
    const intervals: number[] = [];
    const rows: Float64Array[] = [];
    this.#judgeStored(samples.times);
    for (const [index, row] of samples.rows.entries()) {
      const tick = samples.ticks[index] ?? Number.NaN;
      const time = samples.times[index] ?? Number.NaN;
      const interval = samples.intervals[index] ?? Number.NaN;
      if (this.#has(tick, time)) continue;
      this.#push(tick, time, interval, row);
      if (time <= this.#storedUntil) continue;
      times.push(time);
      intervals.push(interval);
      rows.push(this.#derive());
    }
    return { node, container: this.container, times, intervals, rows };
  }

  /**
   * A restarted agent counts its passes anew, and a clock that was set goes back: a sample is known
   * only if neither has advanced.
   */
  #has(tick: number, time: number): boolean {
    return time <= this.lastTime && tick <= this.ring.tickAt(this.ring.length - 1);
  }

  /**
   * The first answer goes up to now. What is stored beyond that has the stamps of a clock that was
   * put right since, and says nothing about what comes.
   */
  #judgeStored(times: readonly number[]): void {
    if (this.ring.length > 0 || times.length === 0) return;
    const newest = times.reduce((most, time) => Math.max(most, time));
    if (this.#storedUntil - newest > SAME_CLOCK_MS) this.#storedUntil = Number.NEGATIVE_INFINITY;
  }

  /** Counters can be compared only with the very sample that the agent's interval begins at. */
  #push(tick: number, time: number, interval: number, row: Row): void {
    const adjoins = Math.abs(time - interval - this.lastTime) <= interval / 2;
    this.ring.push(tick, time, adjoins ? interval : Number.NaN, row);
  }

  #derive(): Float64Array {
    const { ring, container } = this;
    const row = new Float64Array(derivations.length);
    for (const [index, derivation] of derivations.entries()) {
      row[index] = derivation(ring, ring.length - 1, container.limits);
    }
    return row;
  }
}
