import { advancedTcpSeries } from "./advanced-tcp.ts";
import { cpuBurstMetrics, cpuMetrics, cpuStats } from "./cpu.ts";
import { cpusetMetrics } from "./cpuset.ts";
import { diskIoMetrics, diskIoSeries, diskIoStats } from "./disk-io.ts";
import { filesystemMetrics, filesystemSeries, filesystemStats } from "./filesystem.ts";
import { hugetlbSeries } from "./hugetlb.ts";
import { loadMetrics, loadSeries } from "./load.ts";
import { memoryDetailMetrics } from "./memory-detail.ts";
import { memoryNumaSeries } from "./memory-numa.ts";
import { memoryMetrics, memoryStats } from "./memory.ts";
import type { Metric, Series, Stat } from "./metric.ts";
import { networkMetrics, networkSeries, networkStats } from "./network.ts";
import { percpuSeries } from "./percpu.ts";
import { perfSeries } from "./perf.ts";
import { pressureMetrics, pressureStats } from "./pressure.ts";
import { descriptorMetrics, processLimitMetrics, processMetrics, processStats } from "./process.ts";
import { referencedMetrics } from "./referenced.ts";
import { resctrlSeries } from "./resctrl.ts";
import { schedMetrics } from "./sched.ts";
import { tcpSeries } from "./tcp.ts";
import { udpSeries } from "./udp.ts";

/** Every metric of which the window and the feed keep each second, in the order of its column. */
export const allMetrics: readonly Metric[] = [
  ...Object.values(cpuMetrics),
  ...Object.values(memoryMetrics),
  ...Object.values(processMetrics),
  ...Object.values(diskIoMetrics),
  ...Object.values(filesystemMetrics),
  ...Object.values(networkMetrics.receive),
  ...Object.values(networkMetrics.transmit),
  ...Object.values(pressureMetrics).flatMap(({ some, full }) => [some, full]),
];

/** Every metric of which only the newest sample is kept; their columns follow the others'. */
export const newestMetrics: readonly Metric[] = [
  ...Object.values(cpuBurstMetrics),
  ...Object.values(memoryDetailMetrics),
  ...Object.values(cpusetMetrics),
  ...Object.values(referencedMetrics),
  ...Object.values(processLimitMetrics),
  ...Object.values(descriptorMetrics),
  ...Object.values(schedMetrics),
  ...Object.values(loadMetrics),
];

/** Every family with several series for each container. */
export const allSeries: readonly Series[] = [
  percpuSeries,
  ...diskIoSeries,
  ...filesystemSeries,
  ...networkSeries,
  ...tcpSeries,
  ...udpSeries,
  ...advancedTcpSeries,
  ...loadSeries,
  ...perfSeries,
  ...resctrlSeries,
  ...memoryNumaSeries,
  ...hugetlbSeries,
];

/** How many columns a row has as collectors fill it: the window's, then the newest sample's. */
export const ROW_WIDTH: number = allMetrics.length + newestMetrics.length;

/** Every statistic in the order of `/stats`. */
export const allStats: readonly Stat[] = [
  ...cpuStats,
  ...memoryStats,
  ...processStats,
  ...diskIoStats,
  ...filesystemStats,
  ...networkStats,
  ...pressureStats,
];

/** What ratios are weighted by when they are rolled up; kept beside the statistics, shown nowhere. */
export const wholeStats: readonly Stat[] = allStats.flatMap(({ rollUp, from }) =>
  rollUp === "mean" && from.kind === "ratio" ? [wholeStatOf(from.over)] : [],
);

/** Every statistic that the history keeps, in the order of a batch's rows. */
export const storedStats: readonly Stat[] = [...allStats, ...wholeStats];

function wholeStatOf(over: Metric): Stat {
  return {
    name: `${over.name}_per_second`,
    unit: "per second",
    help: `Growth of ${over.name}.`,
    rollUp: "sum",
    from: { kind: "rate", of: over },
  };
}

const columns = new Map([...allMetrics, ...newestMetrics].map((metric, index) => [metric, index]));

/** Where a metric stands in a row; a metric that is not in the table is a bug. */
export function columnOf(metric: Metric): number {
  const column = columns.get(metric);
  if (column === undefined) throw new Error(`BUG: ${metric.name} is missing in allMetrics`);
  return column;
}
