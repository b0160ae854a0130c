import type { Limits } from "../../wire/container.ts";
import type { Stat } from "../../wire/metrics/metric.ts";
import type { Ring } from "../../wire/ring.ts";
import { derivationOf } from "../../wire/stats/answer.ts";
import { type Derive, deriveWhole } from "../../wire/stats/derive.ts";
import { weightOf } from "../../wire/stats/summary.ts";
import { heldAtEnd, heldCells, LONGEST_HOLD_MS, type Seconds } from "./seconds.ts";

/** What is added up. */
export interface Measured {
  readonly ring: Ring;
  readonly container: { readonly limits: Limits };
}

interface Column {
  readonly stat: Stat;
  readonly derive: Derive;
  readonly whole: Derive;
}

/**
 * Adds the members of one row up, second by second and each statistic by its description. Used for
 * one row after the other; it makes nothing on the heap once it is large enough.
 */
export class RollUp {
  readonly seconds: Seconds;
  readonly #columns: readonly Column[];
  /** How many cells lie before and behind the wanted ones, for what is held into them. */
  readonly #margin: number;
  readonly #cells: number;
  /** Statistic by statistic, cell by cell. */
  readonly #sums: Float64Array;
  readonly #wholes: Float64Array;
  readonly #present: Uint8Array;
  /** Of the member that is looked at: the cell that each cell's values are taken from, -1 = none. */
  readonly #source: Int32Array;
  readonly #longest: Float64Array;
  readonly #part: Float64Array;
  readonly #whole: Float64Array;
  readonly #weight: Float64Array;
  /** Of the member that is looked at: each sample's cell, -1 = none, and what it counts for. */
  #cellOfSample = new Int32Array(0);
  #weightOfSample = new Float64Array(0);
  /** The first cell that has a source, and the one behind the last. */
  #first = 0;
  #end = 0;

  constructor(stats: readonly Stat[], seconds: Seconds) {
    this.seconds = seconds;
    this.#columns = stats.map((stat) => ({
      stat,
      derive: derivationOf(stat),
      whole: deriveWhole(stat),
    }));
    this.#margin = Math.ceil(LONGEST_HOLD_MS / seconds.grid);
    const wanted = Math.max(0, seconds.to - seconds.from + 1);
    this.#cells = wanted + 2 * this.#margin;
    this.#sums = new Float64Array(stats.length * this.#cells);
    this.#wholes = new Float64Array(stats.length * this.#cells);
    this.#present = new Uint8Array(this.#cells);
    this.#source = new Int32Array(this.#cells);
    this.#longest = new Float64Array(this.#cells);
    this.#part = new Float64Array(this.#cells);
    this.#whole = new Float64Array(this.#cells);
    this.#weight = new Float64Array(this.#cells);
    this.clear();
  }

  /** Begins another row. */
  clear(): void {
    this.#sums.fill(Number.NaN);
    this.#wholes.fill(0);
    this.#present.fill(0);
  }

  /** Adds a member. */
  add({ ring, container }: Measured): void {
    this.#findSources(ring);
    for (const [index, column] of this.#columns.entries()) {
      this.#average(ring, container.limits, column);
      this.#addColumn(index * this.#cells, column.stat);
    }
  }

  /**
   * The row's values of each second in which any member was measured, the oldest first; NaN =
   * absent. The list is another one's the next time.
   * @yields the number of the second, and one value for each statistic
   */
  *values(): Generator<readonly [second: number, values: Float64Array]> {
    const values = new Float64Array(this.#columns.length);
    for (let second = this.seconds.from; second <= this.seconds.to; second++) {
      const cell = this.#cellOf(second);
      if (this.#present[cell] === 0) continue;
      for (const [index, { stat }] of this.#columns.entries()) {
        const at = index * this.#cells + cell;
        const sum = this.#sums[at] ?? Number.NaN;
        values[index] = stat.rollUp === "mean" ? meanOf(sum, this.#wholes[at] ?? 0) : sum;
      }
      yield [second, values];
    }
  }

  #cellOf(second: number): number {
    return second - this.seconds.from + this.#margin;
  }

  #cellAt(ring: Ring, position: number): number {
    const cell = this.#cellOf(Math.floor(ring.timeAt(position) / this.seconds.grid));
    return cell >= 0 && cell < this.#cells ? cell : -1;
  }

  /** A cell without a sample has the values of the one before it, if samples follow. */
  #findSources(ring: Ring): void {
    const { grid } = this.seconds;
    this.#source.fill(-1);
    this.#longest.fill(0);
    if (this.#cellOfSample.length < ring.capacity) {
      this.#cellOfSample = new Int32Array(ring.capacity);
      this.#weightOfSample = new Float64Array(ring.capacity);
    }
    for (let position = 0; position < ring.length; position++) {
      const cell = this.#cellAt(ring, position);
      const interval = weightOf(ring.intervalAt(position));
      this.#cellOfSample[position] = cell;
      this.#weightOfSample[position] = interval;
      if (cell === -1) continue;
      this.#source[cell] = cell;
      this.#longest[cell] = Math.max(this.#longest[cell] ?? 0, interval);
    }
    let last = -1;
    for (let cell = 0; cell < this.#cells; cell++) {
      if (this.#source[cell] === -1) continue;
      if (last !== -1) {
        const end = Math.min(cell, last + 1 + heldCells(this.#longest[last] ?? 0, grid));
        this.#source.fill(last, last + 1, end);
      }
      last = cell;
    }
    if (last !== -1) {
      const held = heldAtEnd(this.#longest[last] ?? 0, grid);
      this.#source.fill(last, last + 1, last + 1 + held);
    }
    this.#first = this.#cells;
    this.#end = 0;
    for (let cell = 0; cell < this.#cells; cell++) {
      if (this.#source[cell] === -1) continue;
      this.#present[cell] = 1;
      this.#first = Math.min(this.#first, cell);
      this.#end = cell + 1;
    }
  }

  /** The member's average of each cell. */
  #average(ring: Ring, limits: Limits, { stat, derive, whole }: Column): void {
    const isMean = stat.rollUp === "mean";
    this.#part.fill(0, this.#first, this.#end);
    this.#whole.fill(0, this.#first, this.#end);
    this.#weight.fill(0, this.#first, this.#end);
    for (let position = 0; position < ring.length; position++) {
      const cell = this.#cellOfSample[position] ?? -1;
      if (cell === -1) continue;
      const value = derive(ring, position, limits);
      if (Number.isNaN(value)) continue;
      const weight = this.#weightOfSample[position] ?? 0;
      const of = isMean ? whole(ring, position, limits) : 1;
      this.#part[cell] = (this.#part[cell] ?? 0) + value * of * weight;
      this.#whole[cell] = (this.#whole[cell] ?? 0) + of * weight;
      this.#weight[cell] = (this.#weight[cell] ?? 0) + weight;
    }
  }

  #addColumn(start: number, { rollUp }: Stat): void {
    for (let cell = this.#first; cell < this.#end; cell++) {
      const source = this.#source[cell] ?? -1;
      const weight = source === -1 ? 0 : (this.#weight[source] ?? 0);
      if (weight === 0) continue;
      const at = start + cell;
      const value = (this.#part[source] ?? 0) / weight;
      const before = this.#sums[at] ?? Number.NaN;
      if (Number.isNaN(before)) this.#sums[at] = value;
      else this.#sums[at] = rollUp === "max" ? Math.max(before, value) : before + value;
      this.#wholes[at] = (this.#wholes[at] ?? 0) + (this.#whole[source] ?? 0) / weight;
    }
  }
}

/** Of parts that are there although there is no whole, nothing was used. */
function meanOf(parts: number, whole: number): number {
  if (Number.isNaN(parts)) return Number.NaN;
  return whole > 0 ? parts / whole : 0;
}
