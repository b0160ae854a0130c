import { weightOf } from "../../../wire/stats/summary.ts";
import { measures } from "./measures.ts";

/** What became of a number in an interval; `max` and `min` are absent where it can't have changed. */
export interface Summed {
  readonly name: string;
  readonly isInteger: boolean;
  /** Which of several: a filesystem, a device. */
  readonly resourceId?: string;
  readonly average: number;
  readonly max?: number;
  readonly min?: number;
}

/** Sum, weight, maximum, minimum of each measure. */
const WIDTH = 4;

/** Sums the samples of one series up: the same averages come out as `/stats` has. */
export class Tally {
  readonly #numbers = new Float64Array(measures.length * WIDTH);

  /** `interval` are the milliseconds since the sample before; NaN if there is none. */
  add(row: Float64Array, interval: number): void {
    const weight = weightOf(interval);
    for (let index = 0; index < measures.length; index++) {
      const value = row[measures[index]?.column ?? -1] ?? Number.NaN;
      if (!Number.isNaN(value)) this.#addValue(index * WIDTH, value, weight);
    }
  }

  #addValue(at: number, value: number, weight: number): void {
    const numbers = this.#numbers;
    const isFirst = numbers[at + 1] === 0;
    numbers[at] = (numbers[at] ?? 0) + value * weight;
    numbers[at + 1] = (numbers[at + 1] ?? 0) + weight;
    numbers[at + 2] = isFirst ? value : Math.max(numbers[at + 2] ?? value, value);
    numbers[at + 3] = isFirst ? value : Math.min(numbers[at + 3] ?? value, value);
  }

  /** What was measured, in Heapster's units. */
  summed(): Summed[] {
    return measures.flatMap(({ name, isInteger, resourceId, factor }, index) => {
      const [sum = 0, weight = 0, max = 0, min = 0] = this.#numbers.subarray(
        index * WIDTH,
        (index + 1) * WIDTH,
      );
      if (weight === 0) return [];
      const resource = resourceId === undefined ? {} : { resourceId };
      const numbers = { average: (sum / weight) * factor, max: max * factor, min: min * factor };
      return [{ name, isInteger, ...resource, ...numbers }];
    });
  }
}
