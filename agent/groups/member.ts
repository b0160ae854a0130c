/**
 * A cgroup's counters begin at 0 when it is made, but not all can be read at once. What is first
 * seen later than after so many samples may be somebody else's: a network that was taken over.
 */
const EARLY_SAMPLES = 10;

/** How the counters of one cgroup grow from sample to sample. */
export class Member {
  /** What each counter has grown by since `clear`; NaN = it was not measured. */
  readonly growth: Float64Array;
  /** The last value of each counter; NaN = not measured yet. */
  readonly #last: Float64Array;
  /** All that its counters show has happened while we looked on. */
  #isFromZero: boolean;
  #samples = 0;

  /** @param isNew whether the cgroup was made while we looked on */
  constructor(counters: number, isNew: boolean) {
    this.growth = new Float64Array(counters).fill(Number.NaN);
    this.#last = new Float64Array(counters).fill(Number.NaN);
    this.#isFromZero = isNew;
  }

  /** Forgets what has grown: it has been added to the groups. */
  clear(): void {
    this.growth.fill(Number.NaN);
  }

  /**
   * Takes the counters of one sample, and adds to `growth`.
   * @param isAnew the cgroup is another than at the sample before, under the same path
   */
  take(values: Float64Array, isAnew: boolean): void {
    if (isAnew && this.#samples > 0) {
      this.#last.fill(Number.NaN);
      this.#isFromZero = true;
      this.#samples = 0;
    }
    const first = this.#isFromZero && this.#samples < EARLY_SAMPLES;
    this.#samples++;
    for (let index = 0; index < values.length; index++) {
      const now = values[index] ?? Number.NaN;
      const last = this.#last[index] ?? Number.NaN;
      if (Number.isNaN(now)) continue;
      addTo(this.growth, index, grown(last, now, first));
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

function grown(last: number, now: number, isFromZero: boolean): number {
  if (Number.isNaN(last)) return isFromZero ? now : 0;
  // Where it goes back and nothing began anew, an interface or a disk has gone, and its part with it.
  return Math.max(0, now - last);
}
