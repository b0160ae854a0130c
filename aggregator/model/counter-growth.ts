/** A cgroup that is made while we look on begins at 0, but not all its counters can be read at once. */
const EARLY_SAMPLES = 10;

/** A sample of a container's counters. */
export interface CounterSample {
  readonly tick: number;
  /** Unix milliseconds. */
  readonly time: number;
  /** Milliseconds since the sample before; NaN = cannot be compared with it. */
  readonly interval: number;
  /** Raw values; NaN = not measured. */
  readonly row: Float64Array;
}

/** How the counters of one cgroup grow, over gaps, restarts of its agent and its own. */
export class CounterGrowth {
  /** What each has grown by since `clear`; NaN = it was not measured. */
  readonly growth: Float64Array;
  /** Where each stands in a row. */
  readonly #columns: readonly number[];
  readonly #last: Float64Array;
  readonly #isFromZero: boolean;
  #samples = 0;
  #tick = Number.NEGATIVE_INFINITY;
  #time = Number.NEGATIVE_INFINITY;

  /** @param isFromZero whether the cgroup was made while we looked on */
  constructor(columns: readonly number[], isFromZero: boolean) {
    this.#columns = columns;
    this.growth = new Float64Array(columns.length).fill(Number.NaN);
    this.#last = new Float64Array(columns.length).fill(Number.NaN);
    this.#isFromZero = isFromZero;
  }

  /** Forgets what has grown: it has been added up. */
  clear(): void {
    this.growth.fill(Number.NaN);
  }

  /** Takes a sample that may have been taken before. */
  take({ tick, time, interval, row }: CounterSample): void {
    // A restarted agent counts its passes anew, and a clock may be set back.
    if (tick <= this.#tick && time <= this.#time) return;
    this.#tick = tick;
    this.#time = time;
    const isEarly = this.#isFromZero && this.#samples < EARLY_SAMPLES;
    const mayBeAnew = Number.isNaN(interval);
    this.#samples++;
    // Runs for every sample of every container: no iterator.
    for (let index = 0; index < this.#columns.length; index++) {
      const now = row[this.#columns[index] ?? -1] ?? Number.NaN;
      if (Number.isNaN(now)) continue;
      const last = this.#last[index] ?? Number.NaN;
      addTo(this.growth, index, grown(last, now, isEarly, mayBeAnew));
      this.#last[index] = now;
    }
  }
}

/** Adds to a number that may not be there yet; NaN adds nothing. */
export function addTo(sums: Float64Array, index: number, value: number): void {
  if (Number.isNaN(value)) return;
  const sum = sums[index] ?? Number.NaN;
  sums[index] = Number.isNaN(sum) ? value : sum + value;
}

function grown(last: number, now: number, isEarly: boolean, mayBeAnew: boolean): number {
  if (Number.isNaN(last)) return isEarly ? now : 0;
  if (now >= last) return now - last;
  // It began anew; or an interface or a disk has gone, and its part with it.
  return mayBeAnew ? now : 0;
}
