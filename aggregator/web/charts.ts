import type { LimitName, Stat } from "../../wire/metrics/metric.ts";
import type { Series } from "../../wire/stats/answer.ts";
import { statOf } from "./columns.ts";
import { highestOf, pointsOf } from "./series.ts";

/** One line of a chart: the average of each step, and a band up to its highest value. */
interface Line {
  readonly stat: Stat;
  readonly label: string;
  readonly colour: "one" | "two";
  readonly band: boolean;
}

/** One chart of the panel. */
export interface ChartPlan {
  readonly key: string;
  readonly title: string;
  readonly unit: Stat["unit"];
  readonly lines: readonly Line[];
  readonly limit?: LimitName;
  /** The scale never ends below this, so that an idle container's noise stays small. */
  readonly least: number;
}

function line(name: string, label: string, colour: Line["colour"], band = true): Line {
  return { stat: statOf(name), label, colour, band };
}

/** Every chart in the order of the panel. A new one is a new entry here. */
export const CHARTS: readonly ChartPlan[] = [
  {
    key: "cpu",
    title: "CPU",
    unit: "cores",
    lines: [line("cpu_cores", "cores", "one")],
    limit: "cpu_cores",
    least: 0.05,
  },
  {
    key: "memory",
    title: "Memory",
    unit: "bytes",
    lines: [
      line("memory_working_set_bytes", "working set", "one"),
      line("memory_usage_bytes", "usage", "two", false),
    ],
    limit: "memory_bytes",
    least: 1024 * 1024,
  },
  {
    key: "network",
    title: "Network",
    unit: "bytes per second",
    lines: [
      line("network_receive_bytes_per_second", "in", "one"),
      line("network_transmit_bytes_per_second", "out", "two"),
    ],
    least: 1000,
  },
  {
    key: "disk",
    title: "Disk",
    unit: "bytes per second",
    lines: [
      line("fs_read_bytes_per_second", "read", "one"),
      line("fs_write_bytes_per_second", "write", "two"),
    ],
    least: 1000,
  },
];

/** The statistics that the charts are made of. */
export const CHART_STATS: readonly string[] = CHARTS.flatMap(({ lines }) =>
  lines.map(({ stat }) => stat.name),
);

/** Whether anything of a chart was measured. */
export function isMeasured(plan: ChartPlan, series: Series): boolean {
  return plan.lines.some(({ stat }) => series.values[stat.name] !== undefined);
}

/** The lists that uPlot draws: the times, then for each line its averages and its highest values. */
export function plotData(
  plan: ChartPlan,
  series: Series,
): [times: number[], ...points: (number | null)[][]] {
  const points = plan.lines.flatMap(({ stat, band }) =>
    (band ? (["avg", "max"] as const) : (["avg"] as const)).map((summary) => [
      ...pointsOf(series, stat.name, summary),
    ]),
  );
  return [[...series.times], ...points];
}

/**
 * Where the scale of a chart ends. A limit far above the values is left outside: it would press
 * them flat to the ground.
 */
export function topOf(plan: ChartPlan, series: Series, limit: number | undefined): number {
  const highest = Math.max(
    plan.least,
    ...plan.lines.map(({ stat, band }) =>
      highestOf(pointsOf(series, stat.name, band ? "max" : "avg")),
    ),
  );
  const reached = limit !== undefined && limit <= 3 * highest ? Math.max(highest, limit) : highest;
  return reached * 1.08;
}
