import type { Target } from "../../jobs/target.ts";
import type { Scraped, SeriesSample, SeriesSink } from "./scraped.ts";
import { bytesOf, type SeriesRoom, SeriesRooms } from "./series-room.ts";

/** A series of the newest scrape of a target. */
export interface KeptSample {
  readonly target: Target;
  readonly sample: SeriesSample;
}

/** The newest scrape of each target, the pages of all of them together within a limit. */
export class SeriesStore implements SeriesSink {
  readonly #kept = new Map<Target, Scraped>();
  readonly #rooms: SeriesRooms<Target>;

  /** @param maxBytes for the series of all pages; `up` and the like always find room */
  constructor(maxBytes: number) {
    this.#rooms = new SeriesRooms(maxBytes);
  }

  /** Bytes in use, roughly. */
  get bytes(): number {
    return this.#rooms.bytes;
  }

  /** Room for the series of a target's next page. */
  room(target: Target): SeriesRoom {
    return this.#rooms.open(target);
  }

  take(scraped: Scraped): void {
    let bytes = 0;
    for (const key of scraped.series.keys()) bytes += bytesOf(key);
    this.#kept.set(scraped.target, scraped);
    this.#rooms.keep(scraped.target, bytes);
  }

  /** Lets go of a target that is not scraped any more. */
  forget(target: Target): void {
    this.#kept.delete(target);
    this.#rooms.keep(target, 0);
  }

  /** The newest sample of each series of each target, none older than `since` (Unix milliseconds). */
  *samples(since: number): Iterable<KeptSample> {
    for (const [target, { series }] of this.#kept) {
      for (const sample of series.values()) if (sample.time >= since) yield { target, sample };
    }
  }
}
