/** A row of columns as `allMetrics` orders them; NaN = not measured. */
export type Row = Float64Array;

/**
 * The last samples of one container: a ring of rows of equal width. Position 0 is the oldest
 * sample, `length - 1` the newest.
 */
export class Ring {
  readonly capacity: number;
  readonly #width: number;
  readonly #values: Float64Array;
  readonly #ticks: Float64Array;
  readonly #times: Float64Array;
  readonly #intervals: Float64Array;
  #next = 0;
  #length = 0;

  /** Room for `capacity` samples of `width` columns. */
  constructor(capacity: number, width: number) {
    this.capacity = capacity;
    this.#width = width;
    this.#values = new Float64Array(capacity * width);
    this.#ticks = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#intervals = new Float64Array(capacity);
  }

  /** How many samples there are. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a sample, in place of the oldest once the ring is full.
   * @param tick number of the sampling pass
   * @param time Unix time in milliseconds
   * @param interval milliseconds since the sample before; NaN if counters can't be compared with it
   * @param row copied
   */
  push(tick: number, time: number, interval: number, row: Row): void {
    const slot = this.#next;
    this.#ticks[slot] = tick;
    this.#times[slot] = time;
    this.#intervals[slot] = interval;
    this.#values.set(row, slot * this.#width);
    this.#next = (slot + 1) % this.capacity;
    if (this.#length < this.capacity) this.#length++;
  }

  /** The sampling pass of a sample. */
  tickAt(position: number): number {
    return this.#ticks[this.#slot(position)] ?? Number.NaN;
  }

  /** Unix time of a sample in milliseconds. */
  timeAt(position: number): number {
    return this.#times[this.#slot(position)] ?? Number.NaN;
  }

  /** Milliseconds from the sample before to this one; NaN where there is none to compare with. */
  intervalAt(position: number): number {
    return this.#intervals[this.#slot(position)] ?? Number.NaN;
  }

  /** A raw value; NaN = not measured. */
  valueAt(position: number, column: number): number {
    return this.#values[this.#slot(position) * this.#width + column] ?? Number.NaN;
  }

  /** The first position whose tick is greater than `tick`; `length` if there is none. */
  positionAfterTick(tick: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tickAt(middle) > tick) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The first position at or after a time; `length` if there is none. */
  positionAt(time: number): number {
    let position = this.#length;
    while (position > 0 && this.timeAt(position - 1) >= time) position--;
    return position;
  }

  #slot(position: number): number {
    if (position < 0 || position >= this.#length) return -1;
    const slot = this.#next - this.#length + position;
    return slot < 0 ? slot + this.capacity : slot;
  }
}
