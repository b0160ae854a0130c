import type { AppFamily, AppSeries } from "../../app-metrics/exposed-families.ts";
import type { Tracked } from "../../window/tracked.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { goTime } from "./go-time.ts";
import { parseLabels, type Sample } from "./sample.ts";
import type { RestSources } from "./sources.ts";

const PREFIX = "app_";

/** One metric of a container's own: cAdvisor knows no families of several. */
interface AppMetric {
  readonly name: string;
  readonly type: AppFamily["type"];
  readonly series: readonly AppSeries[];
}

/** The metrics that a container last exposed, by the names of their series. */
function metricsOf({ container }: Tracked, { appMetrics }: RestSources): AppMetric[] {
  const metrics = new Map<string, AppMetric & { series: AppSeries[] }>();
  for (const family of appMetrics?.familiesOf(container) ?? []) {
    for (const each of family.series) {
      const known = metrics.get(each.name);
      if (known === undefined) {
        metrics.set(each.name, { name: each.name, type: family.type, series: [each] });
      } else known.series.push(each);
    }
  }
  return [...metrics.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a container exposes metrics of its own. */
export function hasCustomMetrics({ container }: Tracked, { appMetrics }: RestSources): boolean {
  return (appMetrics?.familiesOf(container).length ?? 0) > 0;
}

/** What the metrics of a container's own are; undefined if there are none. */
export function metricSpecsOf(tracked: Tracked, sources: RestSources): GoValue {
  const specs = metricsOf(tracked, sources).map(({ name, type }) => ({
    name,
    type: type === "counter" || type === "histogram" ? "cumulative" : "gauge",
    format: "float",
    units: "",
  }));
  return specs.length === 0 ? undefined : specs;
}

/** The labels of a series as its container named them. */
function ownLabels({ labels }: AppSeries): [key: string, value: string][] {
  return Object.entries(parseLabels(labels)).map(([key, value]) => [
    key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key,
    value,
  ]);
}

function valuesOf({ value }: AppSeries, time: number): GoObject {
  // JSON has no number for those that are none; 0 is left out.
  const float = Number.isFinite(value) && value !== 0 ? value : undefined;
  return { timestamp: goTime(time), float_value: float };
}

function scrapedAt(tracked: Tracked, { appMetrics }: RestSources): number {
  return appMetrics?.askedAt(tracked.container) ?? Number.NaN;
}

/** The values of all metrics with their labels, as a sample of API v1 has them; they are asked for less often than samples are taken. */
export function customMetricsOf({ tracked, isNewest }: Sample, sources: RestSources): GoValue {
  const metrics = isNewest ? metricsOf(tracked, sources) : [];
  if (metrics.length === 0) return undefined;
  const time = scrapedAt(tracked, sources);
  return new Map(
    metrics.map(({ name, series }): [string, GoValue] => [
      name,
      series.map((each) => {
        const labels = ownLabels(each);
        return {
          labels: labels.length === 0 ? undefined : new Map(labels),
          ...valuesOf(each, time),
        };
      }),
    ]),
  );
}

/** Metric name → labels as one text → values, as `appmetrics` of API v2 has them. */
export function appMetricsOf(tracked: Tracked, sources: RestSources): GoValue {
  const time = scrapedAt(tracked, sources);
  return new Map(
    metricsOf(tracked, sources).map(({ name, series }): [string, GoValue] => [
      name,
      new Map(
        series.map((each): [string, GoValue] => [
          ownLabels(each)
            .map(([key, value]) => `${key}=${value}`)
            .join(","),
          [valuesOf(each, time)],
        ]),
      ),
    ]),
  );
}
