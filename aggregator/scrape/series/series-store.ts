import type { Target } from "../../jobs/target.ts";
import type { Scraped, SeriesSample, SeriesSink } from "./scraped.ts";

/** Bytes of a series besides the text of its labels, roughly. */
const SERIES_BYTES = 240;

/** What a series takes in memory, roughly. */
export function bytesOf(key: string): number {
  // Once in the key, once in the labels.
  return SERIES_BYTES + 2 * key.length;
}

/** Series of `up` and the like, which always find room. */
const REPORT_ROOM = 4096;

interface Kept {
  readonly scraped: Scraped;
  readonly bytes: number;
}

/** The newest scrape of each target, all of them together within a limit. */
export class SeriesStore implements SeriesSink {
  readonly #kept = new Map<Target, Kept>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes for the series of all targets */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes in use, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that the next scrape of a target may take. */
  room(target: Target): number {
    return this.#maxBytes - this.#bytes + (this.#kept.get(target)?.bytes ?? 0) - REPORT_ROOM;
  }

  take(scraped: Scraped): void {
    this.forget(scraped.target);
    let bytes = 0;
    for (const key of scraped.series.keys()) bytes += bytesOf(key);
    this.#kept.set(scraped.target, { scraped, bytes });
    this.#bytes += bytes;
  }

  /** Lets go of a target that is not scraped any more. */
  forget(target: Target): void {
    this.#bytes -= this.#kept.get(target)?.bytes ?? 0;
    this.#kept.delete(target);
  }

  /** The newest sample of each series of each target, none older than `since` (Unix milliseconds). */
  *samples(since: number): Iterable<SeriesSample> {
    for (const { scraped } of this.#kept.values()) {
      for (const sample of scraped.series.values()) if (sample.time >= since) yield sample;
    }
  }
}
