import { mkdir, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import type { Segment } from "./segment.ts";

/** Appends to the newest segment of a queue. */
export class SegmentWriter {
  #file: FileHandle | undefined;

  /**
   * Writes bytes behind what a segment has: all of them, or it throws and none is there. At a place of
   * its own, so that what a full disk took of an earlier attempt is overwritten.
   */
  async append(segment: Segment, bytes: Buffer): Promise<void> {
    this.#file ??= await open(segment.path, "r+").catch(() => make(segment.path));
    try {
      for (let done = 0; done < bytes.length;) {
        const at = segment.bytes + done;
        // oxlint-disable-next-line no-await-in-loop
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, at);
        done += bytesWritten;
      }
    } catch (error) {
      await this.#file.truncate(segment.bytes).catch(() => undefined);
      await this.#file.close().catch(() => undefined);
      this.#file = undefined;
      throw error;
    }
  }

  /** What follows goes to another segment. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

/** Somebody may have removed the folder. */
async function make(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  return open(path, "w+");
}
