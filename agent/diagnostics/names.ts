import { nearest } from "../../lib/nearest.ts";
import { allMetrics, allSeries, allStats, newestMetrics } from "../../wire/metrics/all.ts";
import { isMetricGroup, METRIC_GROUPS } from "../../wire/metrics/metric-groups.ts";
import type { LimitName, Metric, Series } from "../../wire/metrics/metric.ts";
import { allCollectors } from "../collectors/all.ts";
import type { Collector } from "../collectors/collector.ts";

/** What a name may stand for: a column of a collector's, or one of its series. */
export type Part =
  | { readonly collector: Collector; readonly metric: Metric }
  | { readonly collector: Collector; readonly series: Series; readonly place: number };

/** Something that has a name for users, and the numbers that it is made of. */
export interface Named {
  readonly name: string;
  readonly kind: "stat" | "family" | "group";
  /** For a statistic all of them are needed; for a family or a group some. */
  readonly parts: readonly Part[];
  /** The limit that the container must have. */
  readonly limit?: LimitName;
}

const columns = [...allMetrics, ...newestMetrics];

/** Who measures what. */
const parts: readonly Part[] = allCollectors.flatMap((collector): Part[] => [
  ...collector.metrics.map((metric) => ({ collector, metric })),
  ...(collector.series ?? []).map((series, place) => ({ collector, series, place })),
]);

function partOf(metric: Metric): Part[] {
  return parts.filter((part) => "metric" in part && part.metric === metric);
}

const stats: readonly Named[] = allStats.map(({ name, from }) => ({
  name,
  kind: "stat",
  parts: from.kind === "ratio" ? [...partOf(from.of), ...partOf(from.over)] : partOf(from.of),
  ...(from.kind === "share" ? { limit: from.limit } : {}),
}));

function familyOf(part: Part): string | undefined {
  return "metric" in part ? part.metric.family?.name : part.series.family.name;
}

const familyNames = new Set(
  [
    ...columns.map(({ family }) => family?.name),
    ...allSeries.map(({ family }) => family.name),
  ].filter((name) => name !== undefined),
);

const families: readonly Named[] = [...familyNames].map((name) => ({
  name,
  kind: "family",
  parts: parts.filter((part) => familyOf(part) === name),
}));

const groups: readonly Named[] = METRIC_GROUPS.map((group): Named => ({
  name: group,
  kind: "group",
  parts: parts.filter(({ collector }) => collector.group === group),
})).filter((named) => named.parts.length > 0);

/** Every statistic and every family of containers, each once. */
export const everyName: readonly Named[] = [...stats, ...families];

/** Families that are made of statistics: `plimsoll_window_cpu_cores`. */
const OF_STATISTIC = /^plimsoll_window_/;

/** Of groups of containers: made of the families of their members. */
const OF_GROUP = /^container_group_/;

/** What a name means: a statistic, a family on `/metrics`, or a group of metrics, in this order; undefined if nothing. */
export function findNamed(name: string): Named | undefined {
  const plain = name.replace(OF_STATISTIC, "").replace(OF_GROUP, "container_");
  const all = [...everyName, ...groups];
  return all.find((named) => named.name === plain);
}

/** The error for a name that means nothing, with what may have been meant. */
export function unknownName(name: string): string {
  const near = nearest(
    name,
    [...everyName, ...groups].map((named) => named.name),
  );
  const hint = near === undefined ? "" : `, did you mean ${near}`;
  return isMetricGroup(name)
    ? "nothing of this group is measured by cgroup"
    : `must be a statistic, a family or a group of metrics${hint}`;
}
