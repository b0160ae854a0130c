import { weightOf } from "../../../wire/stats/summary.ts";
import { measures } from "./measures.ts";
import type { Summed } from "./tally.ts";

/** An interval is cut into so many pieces, within which several containers are added up. */
const COUNT = 15;

const WIDTH = measures.length;

/** The time that cells stand for. Milliseconds, Unix and long. */
export interface CellTime {
  readonly start: number;
  readonly length: number;
}

/** The values of one container piece by piece of an interval, so that they can be added to others'. */
export class Cells {
  readonly #time: CellTime;
  /** Piece by piece, measure by measure; NaN = absent. */
  readonly #values = new Float64Array(COUNT * WIDTH).fill(Number.NaN);
  readonly #weights = new Float64Array(COUNT);
  /** The longest interval between samples. */
  #longest = 0;
  /** Whether its first sample has one before it, in an earlier interval. */
  #hasBefore: boolean | undefined;

  constructor(time: CellTime) {
    this.#time = time;
  }

  get #cellLength(): number {
    return this.#time.length / COUNT;
  }

  /** Takes in a sample of the interval; of several in one piece the average counts. */
  add(time: number, row: Float64Array, interval: number): void {
    const cell = Math.min(COUNT - 1, Math.floor((time - this.#time.start) / this.#cellLength));
    const weight = weightOf(interval);
    const before = this.#weights[cell] ?? 0;
    this.#hasBefore ??= interval > 0;
    this.#longest = Math.max(this.#longest, weight);
    this.#weights[cell] = before + weight;
    for (let index = 0; index < WIDTH; index++) {
      const value = row[measures[index]?.column ?? -1] ?? Number.NaN;
      const at = cell * WIDTH + index;
      const old = this.#values[at] ?? Number.NaN;
      if (Number.isNaN(old)) this.#values[at] = value;
      else if (!Number.isNaN(value)) {
        this.#values[at] = (old * before + value * weight) / (before + weight);
      }
    }
  }

  /**
   * For each piece the one whose values stand for it: its own, or where no sample fell into it the one
   * before it; at the beginning the one behind it. `goesOn`: samples have followed the interval.
   */
  sources(goesOn: boolean): number[] {
    const held = Math.max(1, Math.round(this.#longest / this.#cellLength));
    const own = Array.from(this.#weights, (weight, cell) => (weight > 0 ? cell : -1));
    const last = goesOn ? COUNT : own.findLastIndex((cell) => cell !== -1);
    let source = this.#hasBefore === true ? own.findIndex((cell) => cell !== -1) : -1;
    return own.map((cell, index) => {
      if (cell !== -1) return (source = cell);
      return source !== -1 && index <= last && Math.abs(index - source) <= held ? source : -1;
    });
  }

  /** The values of a piece. */
  at(cell: number): Float64Array {
    return this.#values.subarray(cell * WIDTH, (cell + 1) * WIDTH);
  }
}

/** What several containers used together, piece by piece of an interval. */
export class CellSums {
  readonly #sums = new Float64Array(COUNT * WIDTH).fill(Number.NaN);

  /** Adds a container. */
  add(cells: Cells, goesOn: boolean): void {
    for (const [cell, source] of cells.sources(goesOn).entries()) {
      if (source !== -1) this.#addAt(cell, cells.at(source));
    }
  }

  /** Adds what others used together. */
  merge(other: CellSums): void {
    for (let cell = 0; cell < COUNT; cell++) {
      this.#addAt(cell, other.#sums.subarray(cell * WIDTH, (cell + 1) * WIDTH));
    }
  }

  #addAt(cell: number, values: Float64Array): void {
    for (let index = 0; index < WIDTH; index++) {
      const value = values[index] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      const at = cell * WIDTH + index;
      const before = this.#sums[at] ?? Number.NaN;
      this.#sums[at] = Number.isNaN(before) ? value : before + value;
    }
  }

  /** What was measured, in Heapster's units. */
  summed(isWanted: (index: number) => boolean = () => true): Summed[] {
    return measures.flatMap(({ name, isInteger, resourceId, factor }, index) => {
      if (!isWanted(index)) return [];
      let [count, sum, max, min] = [0, 0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      for (let cell = 0; cell < COUNT; cell++) {
        const value = this.#sums[cell * WIDTH + index] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        count++;
        sum += value;
        max = Math.max(max, value);
        min = Math.min(min, value);
      }
      if (count === 0) return [];
      const resource = resourceId === undefined ? {} : { resourceId };
      const numbers = { average: (sum / count) * factor, max: max * factor, min: min * factor };
      return [{ name, isInteger, ...resource, ...numbers }];
    });
  }
}
