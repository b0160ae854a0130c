import type { Target } from "../../jobs/target.ts";
import type { SeriesSample } from "../../scrape/series/scraped.ts";
import { isTooFarAhead } from "./too-far-ahead.ts";

const NOTHING: ReadonlyMap<string, number> = new Map();

/**
 * Pages that say times themselves may tell a sample once more, or an older one. Stores refuse what is
 * out of order, some of them with all else of the same request, so only what is newer goes on.
 */
export class TimedSeries {
  /** Unix milliseconds of the newest sample of each series, of those that were in the last scrape. */
  readonly #newest = new WeakMap<Target, ReadonlyMap<string, number>>();

  /** The samples of a target's next scrape that are newer than those before; `now` is in Unix milliseconds. */
  *newer(
    target: Target,
    series: ReadonlyMap<string, SeriesSample>,
    now: number,
  ): Generator<SeriesSample, void, undefined> {
    const before = this.#newest.get(target) ?? NOTHING;
    const after = new Map<string, number>();
    for (const [key, sample] of series) {
      const { isTimed, time } = sample;
      const last = before.get(key) ?? Number.NEGATIVE_INFINITY;
      const isNewer = time > last && !isTooFarAhead(time, now);
      if (isTimed) after.set(key, isNewer ? time : last);
      if (isNewer) yield sample;
    }
    if (after.size > 0 || before.size > 0) this.#newest.set(target, after);
  }
}
