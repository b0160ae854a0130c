import { cpuMetrics, cpuStats } from "./cpu.ts";
import { diskIoMetrics, diskIoStats } from "./disk-io.ts";
import { memoryMetrics, memoryStats } from "./memory.ts";
import type { Metric, Stat } from "./metric.ts";
import { networkMetrics, networkStats } from "./network.ts";
import { pressureMetrics, pressureStats } from "./pressure.ts";
import { processMetrics, processStats } from "./process.ts";

/** Every metric in the order of its column. A new subject is a new line here and below. */
export const allMetrics: readonly Metric[] = [
  ...Object.values(cpuMetrics),
  ...Object.values(memoryMetrics),
  ...Object.values(processMetrics),
  ...Object.values(diskIoMetrics),
  ...Object.values(networkMetrics.receive),
  ...Object.values(networkMetrics.transmit),
  ...Object.values(pressureMetrics).flatMap(({ some, full }) => [some, full]),
];

/** Every statistic in the order of `/stats`. */
export const allStats: readonly Stat[] = [
  ...cpuStats,
  ...memoryStats,
  ...processStats,
  ...diskIoStats,
  ...networkStats,
  ...pressureStats,
];

const columns = new Map(allMetrics.map((metric, index) => [metric, index]));

/** Where a metric stands in a row; a metric that is not in the table is a bug. */
export function columnOf(metric: Metric): number {
  const column = columns.get(metric);
  if (column === undefined) throw new Error(`BUG: ${metric.name} is missing in allMetrics`);
  return column;
}
