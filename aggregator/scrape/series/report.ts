import type { Labels } from "../../../wire/labels.ts";
import type { Target } from "../../jobs/target.ts";
import { keyOf, type Scraped, type SeriesPage, type SeriesSample } from "./scraped.ts";

/** How a scrape went. */
export interface Outcome {
  readonly target: Target;
  /** Unix milliseconds at which it began. */
  readonly time: number;
  readonly isUp: boolean;
  /** Milliseconds. */
  readonly duration: number;
  /** Samples, where what came is no page. */
  readonly samples: number;
  readonly page?: SeriesPage;
}

const NO_SERIES: ReadonlyMap<string, SeriesSample> = new Map();

/**
 * The series of a scrape with those that tell of the scrape itself, by Prometheus's names, and what
 * has ended since the one before.
 * https://prometheus.io/docs/concepts/jobs_instances/#automatically-generated-labels-and-time-series
 */
export function scrapedOf(outcome: Outcome, before: Scraped | undefined): Scraped {
  const { target, time, page } = outcome;
  const found = page?.series ?? NO_SERIES;
  const known = before?.series ?? NO_SERIES;
  let added = 0;
  for (const key of found.keys()) if (!known.has(key)) added++;
  const series = new Map(found);
  for (const [name, value] of Object.entries(reportOf(outcome, added))) {
    const labels = { ...target.labels, __name__: name };
    series.set(keyOf(labels), { labels, value, time, isTimed: false });
  }
  return { target, time, series, stale: endedIn(known, series) };
}

/** The end of a target: all that it had becomes stale. */
export function endOf({ target, series }: Scraped, time: number): Scraped {
  return { target, time, series: NO_SERIES, stale: endedIn(series, NO_SERIES) };
}

function reportOf(
  { isUp, duration, samples, page }: Outcome,
  added: number,
): Record<string, number> {
  return {
    up: Number(isUp),
    scrape_duration_seconds: duration / 1000,
    scrape_samples_scraped: page?.scraped ?? samples,
    scrape_samples_post_metric_relabeling: page?.kept ?? samples,
    scrape_series_added: added,
  };
}

function endedIn(
  before: ReadonlyMap<string, SeriesSample>,
  now: ReadonlyMap<string, SeriesSample>,
): Labels[] {
  const ended: Labels[] = [];
  for (const [key, { labels, isTimed }] of before) {
    if (!isTimed && !now.has(key)) ended.push(labels);
  }
  return ended;
}
