import type { Labels } from "../../../wire/labels.ts";
import type { Target } from "../../jobs/target.ts";

/** A value of one series. */
export interface SeriesSample {
  /** With `__name__`. */
  readonly labels: Labels;
  readonly value: number;
  /** Unix milliseconds. */
  readonly time: number;
  /** The page said the time itself: such a series ends without a stale marker. */
  readonly isTimed: boolean;
}

/** The series of a page, as relabelling has left them. */
export interface SeriesPage {
  /** By what tells them apart: see `keyOf`. */
  readonly series: ReadonlyMap<string, SeriesSample>;
  /** Samples of the page before relabelling, and after. */
  readonly scraped: number;
  readonly kept: number;
}

/** One scrape of a target, whether it went well or not. */
export interface Scraped {
  /** Its job's `externalLabels` are for whoever sends the series on: they are not in them. */
  readonly target: Target;
  /** Unix milliseconds at which it began. */
  readonly time: number;
  /** By what tells them apart, `up` and the like among them. */
  readonly series: ReadonlyMap<string, SeriesSample>;
  /** Those that were there before and have ended: their stale markers. */
  readonly stale: readonly Labels[];
}

/** Takes the series of all targets: keeps them, or sends them on. It never throws and never waits. */
export interface SeriesSink {
  take(scraped: Scraped): void;
}

/** What tells a series from others: its labels in the order of their names. */
export function keyOf(labels: Labels): string {
  let key = "";
  for (const name of Object.keys(labels).toSorted()) key += `${name}\u{1}${labels[name]}\u{2}`;
  return key;
}
