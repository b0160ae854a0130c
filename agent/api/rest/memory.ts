import { columnOf } from "../../../wire/metrics/all.ts";
import { memoryDetailMetrics } from "../../../wire/metrics/memory-detail.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import type { Metric } from "../../../wire/metrics/metric.ts";
import { hugetlb } from "../../collectors/hugetlb.ts";
import { memoryNuma } from "../../collectors/memory-numa.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { pressureOf } from "./pressure.ts";
import { numberOf, positive, rawOf, type Sample, seriesOf, whole } from "./sample.ts";

/** Pages by type, then by node; `scope` is cAdvisor's word on `/metrics`. */
function numaOf({ tracked, isNewest }: Sample, scope: "container" | "hierarchy"): GoObject {
  const byType: Record<string, Map<string, GoValue>> = {};
  for (const { labels, values } of isNewest ? seriesOf(tracked, memoryNuma) : []) {
    const { type = "", node = "" } = labels;
    if (labels["scope"] === scope) (byType[type] ??= new Map()).set(node, whole(values[0] ?? 0));
  }
  return { file: byType["file"], anon: byType["anon"], unevictable: byType["unevictable"] };
}

/** Memory of the cgroup; undefined where it is not measured. */
export function memoryOf(sample: Sample): GoObject | undefined {
  if (Number.isNaN(rawOf(sample, memoryMetrics.usage))) return undefined;
  const number = (metric: Metric): number | undefined => numberOf(sample, metric);
  const detail = memoryDetailMetrics;
  // v2 has no numbers of the cgroup without those below it: cAdvisor gives the same twice then.
  const own = (metric: Metric, all: Metric): number | undefined =>
    Number.isNaN(sample.tracked.newestValue(columnOf(metric))) ? number(all) : number(metric);
  return {
    usage: number(memoryMetrics.usage),
    max_usage: number(memoryMetrics.maxUsage),
    cache: number(memoryMetrics.cache),
    rss: number(memoryMetrics.rss),
    swap: number(memoryMetrics.swap),
    mapped_file: number(memoryMetrics.mappedFile),
    working_set: number(memoryMetrics.workingSet),
    total_active_file: number(memoryMetrics.activeFile),
    total_inactive_file: number(memoryMetrics.inactiveFile),
    file_dirty: number(detail.dirty),
    file_writeback: number(detail.writeback),
    pgscan: number(detail.scanned),
    pgsteal: number(detail.reclaimed),
    workingset_refault_file: number(detail.refaultedFile),
    workingset_refault_anon: number(detail.refaultedAnon),
    failcnt: number(detail.failures),
    kernel: number(detail.kernel),
    container_data: {
      pgfault: own(detail.ownFaults, memoryMetrics.faults),
      pgmajfault: own(detail.ownMajorFaults, memoryMetrics.majorFaults),
      numa_stats: numaOf(sample, "container"),
    },
    hierarchical_data: {
      pgfault: number(memoryMetrics.faults),
      pgmajfault: number(memoryMetrics.majorFaults),
      numa_stats: numaOf(sample, "hierarchy"),
    },
    psi: pressureOf(sample, "memory"),
    events: { high: number(detail.eventsHigh), max: number(detail.eventsMax) },
  };
}

/** Huge pages by their size; undefined where they are not measured, and of older samples. */
export function hugetlbOf({ tracked, isNewest }: Sample): GoValue {
  const series = isNewest ? seriesOf(tracked, hugetlb) : [];
  if (series.length === 0) return undefined;
  return new Map(
    series.map(({ labels, values: [usage = 0, most = 0, refused = 0] }): [string, GoValue] => [
      labels["pagesize"] ?? "",
      { usage: positive(usage), max_usage: positive(most), failcnt: whole(refused) },
    ]),
  );
}
