import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { parseRecords, type PlacedRecord } from "./record.ts";
import type { Segment } from "./segment.ts";

/** Read with the bodies that are asked for, for their headers and marks. */
const SPARE_BYTES = 64 << 10;

/** Reads records again that have been written, one file at a time. */
export class SegmentReader {
  readonly #logger: Logger;
  #open: { readonly segment: number; readonly file: FileHandle } | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** At least one record from a place on, of about so many bytes; undefined if it can't be read. */
  async read(
    segment: Segment,
    offset: number,
    mostBytes: number,
  ): Promise<readonly PlacedRecord[] | undefined> {
    let length = Math.min(segment.bytes - offset, mostBytes + SPARE_BYTES);
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const bytes = await this.#bytesAt(segment, offset, length);
      if (bytes === undefined) return undefined;
      const { records, rest, wanted } = parseRecords(bytes, 0);
      if (records.length > 0) {
        return records.map((record) => ({ ...record, end: record.end + offset }));
      }
      if (rest === "damaged" || wanted <= length) return undefined;
      length = wanted;
    }
  }

  /** The file of a segment is not needed any more. */
  async leave({ number }: Pick<Segment, "number">): Promise<void> {
    if (this.#open?.segment === number) await this.close();
  }

  async close(): Promise<void> {
    const file = this.#open?.file;
    this.#open = undefined;
    await file?.close();
  }

  async #bytesAt(segment: Segment, offset: number, length: number): Promise<Buffer | undefined> {
    try {
      const file = await this.#fileOf(segment);
      const bytes = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      return bytes.subarray(0, bytesRead);
    } catch (error) {
      const { path } = segment;
      this.#logger.warn({ path, cause: messageOf(error) }, "cannot read what waits for a store");
      return undefined;
    }
  }

  async #fileOf({ number, path }: Segment): Promise<FileHandle> {
    if (this.#open?.segment === number) return this.#open.file;
    await this.close();
    const file = await open(path, "r");
    this.#open = { segment: number, file };
    return file;
  }
}
