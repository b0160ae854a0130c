import { allMetrics, columnOf } from "../../../wire/metrics/all.ts";
import { diskIoMetrics, diskNumbers } from "../../../wire/metrics/disk-io.ts";
import { filesystemMetrics, filesystemSeries } from "../../../wire/metrics/filesystem.ts";
import { memoryMetrics, oomFamily } from "../../../wire/metrics/memory.ts";
import type { Family, Metric } from "../../../wire/metrics/metric.ts";
import { networkMetrics, networkSeries } from "../../../wire/metrics/network.ts";

/** Which column a series of cAdvisor's adds to, and how. */
export interface ColumnRule {
  readonly column: number;
  /** Raw steps in one unit of the family. */
  readonly scale: number;
  /** Labels that the series must have to count. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** CPU by CPU, or `total` where cAdvisor was told to leave them out. */
export const CPU_USAGE = "container_cpu_usage_seconds_total";

/** The columns that are sums of several series: over interfaces, over devices. */
function* summed(): Generator<readonly [Family | undefined, Metric]> {
  const traffic = [networkMetrics.receive, networkMetrics.transmit].flatMap((direction) =>
    Object.values(direction),
  );
  for (const [place, metric] of traffic.entries()) yield [networkSeries[place]?.family, metric];
  const { readBytes, writtenBytes, reads, writes } = diskNumbers;
  yield [readBytes.family, diskIoMetrics.readBytes];
  yield [writtenBytes.family, diskIoMetrics.writtenBytes];
  yield [reads.family, diskIoMetrics.reads];
  yield [writes.family, diskIoMetrics.writes];
  yield [filesystemSeries[0]?.family, filesystemMetrics.usage];
  yield [oomFamily, memoryMetrics.oomKills];
  for (const metric of allMetrics) yield [metric.family, metric];
}

function createRules(): ReadonlyMap<string, readonly ColumnRule[]> {
  const rules = new Map<string, ColumnRule[]>();
  for (const [family, metric] of summed()) {
    if (family === undefined) continue;
    const labels = family.name === CPU_USAGE ? [] : Object.entries(family.labels ?? {});
    const rule = { column: columnOf(metric), scale: metric.scale, labels };
    rules.set(family.name, [...(rules.get(family.name) ?? []), rule]);
  }
  return rules;
}

/** By the name of the family. */
export const columnRules: ReadonlyMap<string, readonly ColumnRule[]> = createRules();
