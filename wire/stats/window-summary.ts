import type { Limits } from "../container.ts";
import { columnOf } from "../metrics/all.ts";
import type { Derivation, Metric, Stat } from "../metrics/metric.ts";
import type { Ring } from "../ring.ts";
import { growthOf, rateOf, ratioOf } from "./derive.ts";
import { placeOfPercentile95, SUMMARIES, weightOf } from "./summary.ts";

/** How many of the greatest values are kept sorted while the others pass by. */
const MOST_KEPT = 16;

/**
 * Sums up some statistics over all samples of a ring: the numbers of `/stats`, by the same
 * arithmetic in the same order, but for hundreds of containers at once. It reads a ring in one go
 * and makes nothing on the heap.
 */
export class WindowSummary {
  readonly #stats: readonly Stat[];
  /** The columns that the statistics are made from, each once. */
  readonly #columns: readonly number[];
  readonly #places: ReadonlyMap<Metric, number>;
  /** Column behind column, as long as the largest ring so far. */
  #raw: Float64Array = new Float64Array(0);
  #intervals: Float64Array = new Float64Array(0);
  #values: Float64Array = new Float64Array(0);
  readonly #greatest: Float64Array = new Float64Array(MOST_KEPT);

  constructor(stats: readonly Stat[]) {
    const metrics = stats.flatMap(({ from }) =>
      from.kind === "ratio" ? [from.of, from.over] : [from.of],
    );
    const distinct = [...new Set(metrics)];
    this.#stats = stats;
    this.#columns = distinct.map(columnOf);
    this.#places = new Map(distinct.map((metric, place) => [metric, place]));
  }

  /** How many numbers a summary has: those of `SUMMARIES`, statistic by statistic. */
  get length(): number {
    return this.#stats.length * SUMMARIES.length;
  }

  /** Writes the summary of a ring, or of its samples from a position on; NaN where nothing was measured. */
  summarize(ring: Ring, limits: Limits, into: Float64Array, from: number = 0): void {
    if (this.#intervals.length < ring.capacity) this.#grow(ring.capacity);
    ring.copyColumns(this.#columns, this.#raw);
    const isUnbroken = this.#readIntervals(ring);
    for (let index = 0; index < this.#stats.length; index++) {
      const stat = this.#stats[index];
      if (stat === undefined) continue;
      const place = index * SUMMARIES.length;
      const still = isUnbroken ? this.#stillValue(stat.from, ring) : undefined;
      if (still !== undefined) into.fill(still, place, place + SUMMARIES.length);
      else {
        this.#derive(stat.from, ring, limits);
        this.#sumUp(from, ring.length, into, place);
      }
    }
  }

  /** Whether every sample but the first can be compared with the one before. */
  #readIntervals(ring: Ring): boolean {
    let isUnbroken = ring.length > 1;
    for (let position = 0; position < ring.length; position++) {
      const interval = ring.intervalAt(position);
      this.#intervals[position] = interval;
      if (position > 0 && !(interval > 0)) isUnbroken = false;
    }
    return isUnbroken;
  }

  /**
   * Most counters stand still most of the time: then their rate is 0 throughout, or absent, and
   * there is nothing to compute. Undefined where there is.
   */
  #stillValue(from: Derivation, ring: Ring): number | undefined {
    if (from.kind !== "rate" && from.kind !== "ratio") return undefined;
    const growth = this.#growthThroughout(this.#startOf(from.of, ring), ring.length);
    if (growth === undefined || from.kind === "rate") return growth;
    const over = this.#growthThroughout(this.#startOf(from.over, ring), ring.length);
    // Absent if either is.
    return over === undefined ? undefined : growth + over;
  }

  /** 0 where all values of a stretch are the same, NaN where there are none. */
  #growthThroughout(start: number, length: number): number | undefined {
    const raw = this.#raw;
    const first = raw[start] ?? Number.NaN;
    const isAbsent = Number.isNaN(first);
    for (let at = start + 1; at < start + length; at++) {
      const value = raw[at] ?? Number.NaN;
      if (isAbsent ? !Number.isNaN(value) : value !== first) return undefined;
    }
    return isAbsent ? first : 0;
  }

  #grow(capacity: number): void {
    this.#raw = new Float64Array(capacity * this.#columns.length);
    this.#intervals = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  /** Where a metric's stretch begins. */
  #startOf(metric: Metric, ring: Ring): number {
    return (this.#places.get(metric) ?? 0) * ring.capacity;
  }

  #derive(from: Derivation, ring: Ring, limits: Limits): void {
    const start = this.#startOf(from.of, ring);
    switch (from.kind) {
      case "value":
        return this.#divide(start, ring.length, from.of.scale, 1);
      case "rate":
        return this.#rates(start, ring.length, from.of.scale);
      case "ratio":
        return this.#ratios(start, this.#startOf(from.over, ring), ring.length);
      case "share": {
        const most = limits[from.limit];
        const whole = most === null || most <= 0 ? Number.NaN : most;
        return this.#divide(start, ring.length, from.of.scale, whole);
      }
    }
  }

  #divide(start: number, length: number, scale: number, whole: number): void {
    const raw = this.#raw;
    const values = this.#values;
    for (let at = 0; at < length; at++) {
      values[at] = (raw[start + at] ?? Number.NaN) / scale / whole;
    }
  }

  #rates(start: number, length: number, scale: number): void {
    const raw = this.#raw;
    const values = this.#values;
    values[0] = Number.NaN;
    let before = raw[start] ?? Number.NaN;
    for (let at = 1; at < length; at++) {
      const now = raw[start + at] ?? Number.NaN;
      const interval = this.#intervals[at] ?? Number.NaN;
      values[at] = rateOf(growthOf(before, now, interval), scale, interval);
      before = now;
    }
  }

  #ratios(part: number, whole: number, length: number): void {
    const raw = this.#raw;
    const values = this.#values;
    const growth = (start: number, at: number): number =>
      growthOf(
        raw[start + at - 1] ?? Number.NaN,
        raw[start + at] ?? Number.NaN,
        this.#intervals[at] ?? Number.NaN,
      );
    values[0] = Number.NaN;
    for (let at = 1; at < length; at++) values[at] = ratioOf(growth(part, at), growth(whole, at));
  }

  /** Closes up the values that are there, and writes what they come to. */
  #sumUp(from: number, length: number, into: Float64Array, place: number): void {
    const values = this.#values;
    let count = 0;
    let sum = 0;
    let weight = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let at = from; at < length; at++) {
      const value = values[at] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      const covered = weightOf(this.#intervals[at] ?? Number.NaN);
      values[count++] = value;
      sum += value * covered;
      weight += covered;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    const isNothing = count === 0;
    // In the order of SUMMARIES.
    into[place] = isNothing ? Number.NaN : sum / weight;
    into[place + 1] = isNothing ? Number.NaN : max;
    into[place + 2] = isNothing ? Number.NaN : min;
    into[place + 3] = isNothing || min === max ? (into[place + 1] ?? 0) : this.#percentile95(count);
  }

  /** Of many values only the greatest few are sorted, as the percentile is one of them. */
  #percentile95(count: number): number {
    const wanted = count - placeOfPercentile95(count);
    const values = this.#values;
    if (wanted > MOST_KEPT) {
      return values.subarray(0, count).toSorted()[count - wanted] ?? Number.NaN;
    }
    const greatest = this.#greatest.fill(Number.NEGATIVE_INFINITY);
    for (let at = 0; at < count; at++) {
      const value = values[at] ?? Number.NaN;
      if (value <= (greatest[wanted - 1] ?? Number.NaN)) continue;
      let free = wanted - 1;
      for (; free > 0 && (greatest[free - 1] ?? Number.NaN) < value; free--) {
        greatest[free] = greatest[free - 1] ?? Number.NaN;
      }
      greatest[free] = value;
    }
    return greatest[wanted - 1] ?? Number.NaN;
  }
}
