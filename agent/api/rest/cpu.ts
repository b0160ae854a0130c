import { columnOf } from "../../../wire/metrics/all.ts";
import { cpuBurstMetrics, cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { loadMetrics } from "../../../wire/metrics/load.ts";
import type { Metric } from "../../../wire/metrics/metric.ts";
import { schedMetrics } from "../../../wire/metrics/sched.ts";
import { percpu } from "../../collectors/percpu.ts";
import type { GoObject } from "./go-json.ts";
import { pressureOf } from "./pressure.ts";
import { numberOf, rawOf, type Sample, seriesOf, whole } from "./sample.ts";

const MILLISECONDS = 1000;

/** Nanoseconds of each CPU in the order of their numbers; undefined where the kernel does not tell. */
function perCpu({ tracked, isNewest }: Sample): number[] | undefined {
  const series = isNewest ? seriesOf(tracked, percpu) : [];
  if (series.length === 0) return undefined;
  const usages = new Map(
    series.map(({ labels, values: [usage = 0] }) => [
      Number((labels["cpu"] ?? "").slice("cpu".length)),
      whole(usage),
    ]),
  );
  // Of a CPU that was never used there is no series.
  return Array.from({ length: Math.max(...usages.keys()) + 1 }, (_, cpu) => usages.get(cpu) ?? 0);
}

/** CPU time since the cgroup was made; undefined where it is not measured. */
export function cpuOf(sample: Sample): GoObject | undefined {
  if (Number.isNaN(rawOf(sample, cpuMetrics.usage))) return undefined;
  const number = (metric: Metric): number | undefined => numberOf(sample, metric);
  return {
    usage: {
      total: number(cpuMetrics.usage),
      per_cpu_usage: perCpu(sample),
      user: number(cpuMetrics.user),
      system: number(cpuMetrics.system),
    },
    cfs: {
      periods: number(cpuMetrics.periods),
      throttled_periods: number(cpuMetrics.throttledPeriods),
      throttled_time: number(cpuMetrics.throttled),
      bursts_periods: number(cpuBurstMetrics.burstPeriods),
      burst_time: number(cpuBurstMetrics.burst),
    },
    schedstat: {
      run_time: number(schedMetrics.run),
      runqueue_time: number(schedMetrics.runqueue),
      run_periods: number(schedMetrics.runPeriods),
    },
    load_average: number(loadMetrics.running),
    load_d_average: number(loadMetrics.uninterruptible),
    psi: pressureOf(sample, "cpu"),
  };
}

/** Nanocores since the sample before; undefined where there is none to compare with. */
export function instantCpuOf(sample: Sample): GoObject | undefined {
  const { tracked, position } = sample;
  const { ring } = tracked;
  if (position === 0) return undefined;
  const interval = ring.intervalAt(position) / MILLISECONDS;
  const rate = (metric: Metric): number =>
    (rawOf(sample, metric) - ring.valueAt(position - 1, columnOf(metric))) / interval;
  const rates = [cpuMetrics.usage, cpuMetrics.user, cpuMetrics.system].map(rate);
  const [total, user, system] = rates;
  // Also where the counter went back, which another cgroup of the same path does.
  if (total === undefined || !(total >= 0)) return undefined;
  return { usage: { total: whole(total), user: whole(user ?? 0), system: whole(system ?? 0) } };
}
