import { weightOf } from "../../../wire/stats/summary.ts";

/** What a container used over a stretch of time. */
export interface Point {
  /** Unix milliseconds, whole: the end of the stretch. */
  readonly time: number;
  /** By statistic; NaN where nothing was measured. */
  readonly averages: Float64Array;
  readonly maxima: Float64Array;
}

/** Sums up the samples of one container, stretch by stretch; stretches begin at multiples of their length. */
export class PointMaker {
  readonly #step: number;
  readonly #averages: Float64Array;
  readonly #weights: Float64Array;
  readonly #maxima: Float64Array;
  #start = Number.NaN;
  /** Unix milliseconds of the newest sample. */
  lastTime: number = Number.NEGATIVE_INFINITY;
  /** Milliseconds between the last two samples. */
  lastInterval = 0;

  /**
   * @param step milliseconds
   * @param columns how many statistics there are
   */
  constructor(step: number, columns: number) {
    this.#step = step;
    this.#averages = new Float64Array(columns);
    this.#weights = new Float64Array(columns);
    this.#maxima = new Float64Array(columns);
  }

  /** Where the stretch begins (Unix milliseconds) that is being summed up; NaN if there is none. */
  get start(): number {
    return this.#start;
  }

  /** Takes the next sample in; gives the point before it if that is whole with it. */
  add(time: number, interval: number, row: Float64Array): Point | undefined {
    // Stores take no series backwards.
    if (!(time > this.lastTime)) return undefined;
    const start = Math.floor(time / this.#step) * this.#step;
    const whole = start === this.#start ? undefined : this.#finish(this.#start + this.#step);
    if (start !== this.#start) this.#begin(start);
    this.lastTime = time;
    this.lastInterval = interval || this.lastInterval;
    const weight = weightOf(interval);
    for (let column = 0; column < this.#averages.length; column++) {
      const value = row[column] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      const weights = (this.#weights[column] ?? 0) + weight;
      const before = this.#averages[column] ?? 0;
      // What stands still stays exactly what it is.
      this.#averages[column] = before + ((value - before) * weight) / weights;
      this.#weights[column] = weights;
      if (!(value <= (this.#maxima[column] ?? Number.NaN))) this.#maxima[column] = value;
    }
    return whole;
  }

  /** Ends the stretch at its newest sample; gives what it came to. */
  end(): Point | undefined {
    // A sample at the very beginning has the time of the point before.
    const time = Math.max(Math.round(this.lastTime), this.#start + 1);
    const point = this.#finish(time);
    this.#start = Number.NaN;
    return point;
  }

  #begin(start: number): void {
    this.#start = start;
    this.#averages.fill(0);
    this.#weights.fill(0);
    this.#maxima.fill(Number.NaN);
  }

  #finish(time: number): Point | undefined {
    if (Number.isNaN(this.#start)) return undefined;
    const averages = this.#averages.map((average, column) =>
      (this.#weights[column] ?? 0) > 0 ? average : Number.NaN,
    );
    return { time, averages, maxima: this.#maxima.slice() };
  }
}
