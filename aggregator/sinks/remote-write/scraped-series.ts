import type { RelabelRule } from "../../jobs/relabel.ts";
import type { Scraped } from "../../scrape/series/scraped.ts";
import { outgoingLabels } from "./outgoing-labels.ts";
import { type ParcelWriter, STALE } from "./parcel-writer.ts";
import type { TimedSeries } from "./timed-series.ts";

/**
 * Writes the series of a scrape, and stale markers for those that have ended with it.
 * @param timed what earlier scrapes were written with
 */
export function writeScraped(
  { target, time, series, stale }: Scraped,
  rules: readonly RelabelRule[],
  now: number,
  timed: TimedSeries,
  writer: ParcelWriter,
): void {
  const { externalLabels } = target.job;
  for (const sample of timed.newer(target, series, now)) {
    const labels = outgoingLabels(sample.labels, externalLabels, rules);
    if (labels !== undefined) writer.add(labels, Math.round(sample.time), sample.value);
  }
  for (const ended of stale) {
    const labels = outgoingLabels(ended, externalLabels, rules);
    if (labels !== undefined) writer.add(labels, Math.round(time), STALE);
  }
}
