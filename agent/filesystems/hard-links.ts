import type { BigIntStats, Stats } from "node:fs";

/** Files of which some links have not been met; above so many the others are counted in parts. */
const MOST_KNOWN = 50_000;

/** What `lstat` tells. */
export type Status = Exclude<Stats, BigIntStats>;

/**
 * Counts a file of several links once. Only files of which links are still to come are remembered,
 * and only so many; of any others each link counts for its part, which is exact as long as all of
 * them are within the tree.
 */
export class HardLinks {
  /** Links still to come. */
  readonly #left: Map<number | string, number> = new Map();
  readonly #mostKnown: number;

  constructor(mostKnown: number = MOST_KNOWN) {
    this.#mostKnown = mostKnown;
  }

  /** How much of the file this link stands for: 1 the first time, then 0; or a part. */
  share(status: Status): number {
    if (status.nlink <= 1) return 1;
    const key = keyOf(status);
    const left = this.#left.get(key);
    if (left === undefined) {
      if (this.#left.size >= this.#mostKnown) return 1 / status.nlink;
      this.#left.set(key, status.nlink - 1);
      return 1;
    }
    if (left === 1) this.#left.delete(key);
    else this.#left.set(key, left - 1);
    return 0;
  }
}

/** Above 2^53 several inodes share one number; the rest tells them apart. */
function keyOf({ ino, blocks, mtimeMs }: Status): number | string {
  return Number.isSafeInteger(ino) ? ino : `${ino} ${blocks} ${mtimeMs}`;
}
