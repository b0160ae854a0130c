import { rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";

import type { Logger } from "../../../lib/log.ts";
import { DAMAGED_SUFFIX, type FoundSegment, type Segment } from "./segment.ts";

/** So much that was damaged is kept to be looked at. */
const MOST_BYTES = 64 << 20;

const DAMAGED = "what waited for a store was damaged on disk and is set aside; the rest is sent";

/** The files of a queue of which something could not be read, and what is set aside of them. */
export class DamagedFiles {
  /** How many there were. */
  count = 0;
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Speaks of what had to be set aside when a segment was read at the start. */
  found({ damagedPath: path, damagedBytes: bytes }: FoundSegment): void {
    if (path === undefined) return;
    this.count++;
    this.#logger.warn({ path, bytes }, DAMAGED);
  }

  /** Sets a whole segment aside: its rest can't be read any more. */
  async setAside({ path: from, waitingPoints: points }: Segment): Promise<void> {
    const path = `${from}${DAMAGED_SUFFIX}`;
    this.count++;
    this.#logger.warn({ path, points }, DAMAGED);
    await rename(from, path).catch(() => undefined);
  }

  /** Keeps the newest of what was set aside in a folder that has these files. */
  async tidy(directory: string, names: readonly string[]): Promise<void> {
    let bytes = 0;
    const damaged = names.filter((name) => name.endsWith(DAMAGED_SUFFIX));
    for (const name of damaged.toSorted().toReversed()) {
      const path = join(directory, name);
      // oxlint-disable-next-line no-await-in-loop
      bytes += await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
      // oxlint-disable-next-line no-await-in-loop
      if (bytes > MOST_BYTES) await unlink(path).catch(() => undefined);
    }
  }
}
