/** The ways to sum up a stretch of values. */
export const SUMMARIES = ["avg", "max", "min", "p95"] as const;

/** One way to sum up a stretch of values. */
export type Summary = (typeof SUMMARIES)[number];

/** What the very first sample of a gauge counts for, as it has no interval. */
const FIRST_WEIGHT_MS = 1000;

/** The milliseconds that a value covers, of a sample so long after the one before it. */
export function weightOf(interval: number): number {
  return interval || FIRST_WEIGHT_MS;
}

/** The place of the 95th percentile in `count` sorted values: the nearest rank. */
export function placeOfPercentile95(count: number): number {
  return Math.ceil(count * 0.95) - 1;
}

/**
 * Values of one statistic with the time that each of them covers. Filled and emptied again, as
 * thousands of them are looked at for one answer.
 */
export class Stretch {
  #values: Float64Array = new Float64Array(64);
  #length = 0;
  #sum = 0;
  #weight = 0;

  /** How many values there are. */
  get length(): number {
    return this.#length;
  }

  /** Empties it. */
  clear(): void {
    this.#length = 0;
    this.#sum = 0;
    this.#weight = 0;
  }

  /** Adds a value and the milliseconds that it covers; NaN is left out. */
  add(value: number, weight: number): void {
    if (Number.isNaN(value)) return;
    if (this.#length === this.#values.length) this.#grow();
    this.#values[this.#length++] = value;
    this.#sum += value * weight;
    this.#weight += weight;
  }

  /**
   * Sums up; NaN where there is nothing. The average is weighted by time, so that the average of a
   * rate is exactly what its counter grew.
   */
  summarize(summary: Summary): number {
    if (this.#length === 0) return Number.NaN;
    switch (summary) {
      case "avg":
        return this.#sum / this.#weight;
      case "max":
        return this.#fold(Math.max);
      case "min":
        return this.#fold(Math.min);
      case "p95":
        return this.#percentile95();
    }
  }

  #fold(choose: (a: number, b: number) => number): number {
    let chosen = this.#values[0] ?? Number.NaN;
    for (let index = 1; index < this.#length; index++) {
      chosen = choose(chosen, this.#values[index] ?? Number.NaN);
    }
    return chosen;
  }

  /** Nearest rank: the smallest value that at least 95 % of the values don't exceed. */
  #percentile95(): number {
    const sorted = this.#values.subarray(0, this.#length).toSorted();
    return sorted[placeOfPercentile95(sorted.length)] ?? Number.NaN;
  }

  #grow(): void {
    const values = new Float64Array(this.#values.length * 2);
    values.set(this.#values);
    this.#values = values;
  }
}
