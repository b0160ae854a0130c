import { allMetrics, columnOf } from "../../../wire/metrics/all.ts";
import type { Metric } from "../../../wire/metrics/metric.ts";
import type { Collector } from "../../collectors/collector.ts";
import type { Tracked } from "../../window/tracked.ts";

/** One sample of one cgroup, to be written as cAdvisor does. */
export interface Sample {
  readonly tracked: Tracked;
  /** Its place in the ring. */
  readonly position: number;
  /** Some numbers are known of the newest sample alone. */
  readonly isNewest: boolean;
}

/** A sample by its place. */
export function sampleAt(tracked: Tracked, position: number): Sample {
  return { tracked, position, isNewest: position === tracked.ring.length - 1 };
}

/** The newest sample. */
export function newestOf(tracked: Tracked): Sample {
  return sampleAt(tracked, tracked.ring.length - 1);
}

/** The raw value of a metric; NaN = not measured, or not known of this sample. */
export function rawOf({ tracked, position, isNewest }: Sample, metric: Metric): number {
  const column = columnOf(metric);
  if (column < allMetrics.length) return tracked.ring.valueAt(position, column);
  return isNewest ? tracked.newestValue(column) : Number.NaN;
}

/** A number that Go can hold: whole and not negative. What is not measured at all has always been 0 there. */
export function whole(value: number): number {
  return value > 0 ? Math.trunc(value) : 0;
}

/**
 * A number as the API has it. What is measured but kept of the newest sample alone is left out of
 * older ones: a 0 would be a false rate to whoever compares two of them.
 */
export function numberOf(sample: Sample, metric: Metric): number | undefined {
  const value = rawOf(sample, metric);
  if (!Number.isNaN(value)) return whole(value);
  return isOnlyOfNewest(sample, metric) ? undefined : 0;
}

function isOnlyOfNewest({ tracked, isNewest }: Sample, metric: Metric): boolean {
  const column = columnOf(metric);
  return !isNewest && column >= allMetrics.length && !Number.isNaN(tracked.newestValue(column));
}

/** A number that Go leaves out if it is 0. */
export function positive(value: number): number | undefined {
  return value > 0 ? Math.trunc(value) : undefined;
}

/** One series of a collector: its labels and its values in the order of the collector's series. */
export interface LabelledValues {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Float64Array;
}

const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Texts of labels come again with each request; there are as many as series. */
const MOST_PARSED = 50_000;
const parsed = new Map<string, Readonly<Record<string, string>>>();

/** Labels as they stand on a page, taken apart. */
export function parseLabels(text: string): Readonly<Record<string, string>> {
  let labels = parsed.get(text);
  if (labels !== undefined) return labels;
  const pairs = [...text.matchAll(LABEL)].map(([, key = "", value = ""]): [string, string] => [
    key,
    value.replaceAll(/\\(.)/g, (_all, escaped: string) => (escaped === "n" ? "\n" : escaped)),
  ]);
  labels = Object.fromEntries(pairs);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(text, labels);
  return labels;
}

/** A collector's series as of the newest sample; none if it does not run here. */
export function seriesOf(tracked: Tracked, collector: Collector): LabelledValues[] {
  const series = tracked.seriesOf(collector);
  if (series === undefined) return [];
  return [...series].map(([text, values]) => ({ labels: parseLabels(text), values }));
}
