/** A row of columns as `allMetrics` orders them; NaN = not measured. */
export type Row = Float64Array;

/** What stands before the columns of each row. */
const TICK = 0;
const TIME = 1;
const INTERVAL = 2;
const HEAD = 3;

/**
 * The last samples of one container: a ring of rows of equal width. Position 0 is the oldest
 * sample, `length - 1` the newest.
 */
export class Ring {
  readonly capacity: number;
  readonly #width: number;
  /** Row by row; each begins with its tick, its time and its interval. */
  readonly #values: Float64Array;
  #next = 0;
  #length = 0;

  /** Room for `capacity` samples of `width` columns. */
  constructor(capacity: number, width: number) {
    this.capacity = capacity;
    this.#width = HEAD + width;
    this.#values = new Float64Array(capacity * this.#width);
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
    const start = this.#next * this.#width;
    this.#values[start + TICK] = tick;
    this.#values[start + TIME] = time;
    this.#values[start + INTERVAL] = interval;
    this.#values.set(row, start + HEAD);
    this.#next = (this.#next + 1) % this.capacity;
    if (this.#length < this.capacity) this.#length++;
  }

  /** The sampling pass of a sample. */
  tickAt(position: number): number {
    return this.#at(position, TICK);
  }

  /** Unix time of a sample in milliseconds. */
  timeAt(position: number): number {
    return this.#at(position, TIME);
  }

  /** Milliseconds from the sample before to this one; NaN where there is none to compare with. */
  intervalAt(position: number): number {
    return this.#at(position, INTERVAL);
  }

  /** A raw value; NaN = not measured. */
  valueAt(position: number, column: number): number {
    return this.#at(position, HEAD + column);
  }

  /**
   * Copies columns, each as one stretch from the oldest sample to the newest. Reads the ring once
   * from end to end, so that it costs little more than the memory does.
   * @param into the stretches one behind the other, `capacity` values each
   */
  copyColumns(columns: readonly number[], into: Float64Array): void {
    const { capacity } = this;
    const values = this.#values;
    let slot = this.#slot(0);
    for (let position = 0; position < this.#length; position++) {
      const row = slot * this.#width + HEAD;
      for (let index = 0, to = position; index < columns.length; index++, to += capacity) {
        into[to] = values[row + (columns[index] ?? 0)] ?? Number.NaN;
      }
      if (++slot === capacity) slot = 0;
    }
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

  #at(position: number, place: number): number {
    return this.#values[this.#slot(position) * this.#width + place] ?? Number.NaN;
  }

  #slot(position: number): number {
    if (position < 0 || position >= this.#length) return -1;
    const slot = this.#next - this.#length + position;
    return slot < 0 ? slot + this.capacity : slot;
  }
}
