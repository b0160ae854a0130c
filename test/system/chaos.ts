import { sleep } from "../testbed/wait.ts";

/** Numbers that look random and are the same for each seed (mulberry32, public domain). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to and without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** The same in another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const keyed = list.map((item) => [this.next(), item] as const);
    return keyed.toSorted(([a], [b]) => a - b).map(([, item]) => item);
  }

  oneOf<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.next() * list.length)];
    if (found === undefined) throw new Error("there is nothing to choose from");
    return found;
  }
}

/** Something that may happen, and ends well. */
export type Mishap = (dice: Dice) => Promise<void>;

/**
 * One thing after the other until the time is over, with some quiet between two; each has happened
 * before any happens again, and all of them once in any case.
 */
export async function mishaps(
  dice: Dice,
  deadline: number,
  quiet: readonly [least: number, most: number],
  choices: readonly Mishap[],
): Promise<void> {
  for (let round = 0; round === 0 || performance.now() < deadline; round++) {
    for (const mishap of dice.shuffled(choices)) {
      await sleep(dice.between(...quiet));
      if (round > 0 && performance.now() >= deadline) return;
      await mishap(dice);
    }
  }
}
