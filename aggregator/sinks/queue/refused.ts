import { mkdir, readdir, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { QueueRecord } from "./record.ts";

/** Where what a store never takes is set aside. */
export interface RefusedOptions {
  /** Undefined: it is only counted. */
  readonly directory: string | undefined;
  readonly maxBytes?: number;
  readonly now: () => number;
  readonly logger: Logger;
}

interface Kept {
  readonly name: string;
  readonly bytes: number;
}

const SUFFIX = ".refused";
const MOST_BYTES = 64 << 20;
/** A store that refuses everything is spoken of so often. */
const SAY_MS = 60_000;

/**
 * What a store has refused for good, a file each: a line of JSON that says when and why, and then
 * the body as it would have been sent. The oldest files go first.
 */
export class RefusedParcels {
  points = 0;
  readonly #options: RefusedOptions;
  #kept: Kept[] | undefined;
  #count = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: RefusedOptions) {
    this.#options = options;
  }

  /** Sets a parcel aside; never throws. */
  async add({ body, points, time }: QueueRecord, reason: string): Promise<void> {
    const { directory, now, logger } = this.#options;
    this.points += points;
    const at = now();
    if (at - this.#saidAt >= SAY_MS) {
      this.#saidAt = at;
      logger.warn(
        { points, reason, directory },
        "a store has refused what was sent; it is set aside",
      );
    }
    if (directory === undefined) return;
    const told = {
      refused: new Date(at).toISOString(),
      taken: new Date(time).toISOString(),
      points,
      reason,
    };
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(told)}\n`), body]);
    try {
      await this.#write(directory, `${told.refused.replaceAll(":", "-")}-${this.#count++}`, bytes);
    } catch (error) {
      logger.debug({ directory, cause: messageOf(error) }, "cannot set aside what was refused");
    }
  }

  async #write(directory: string, name: string, bytes: Buffer): Promise<void> {
    await mkdir(directory, { recursive: true });
    this.#kept ??= await listKept(directory);
    const file = `${name}${SUFFIX}`;
    await writeFile(join(directory, file), bytes);
    this.#kept.push({ name: file, bytes: bytes.length });
    await this.#makeRoom(directory, this.#kept);
  }

  async #makeRoom(directory: string, kept: Kept[]): Promise<void> {
    let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
    while (bytes > (this.#options.maxBytes ?? MOST_BYTES)) {
      const oldest = kept.shift();
      if (oldest === undefined) return;
      bytes -= oldest.bytes;
      // oxlint-disable-next-line no-await-in-loop
      await unlink(join(directory, oldest.name)).catch(() => undefined);
    }
  }
}

async function listKept(directory: string): Promise<Kept[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX));
  return Promise.all(
    names.toSorted().map(async (name) => {
      const { size: bytes } = await stat(join(directory, name));
      return { name, bytes };
    }),
  );
}
