import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Collector, Host, Probe } from "../../../agent/collectors/collector.ts";
import { type Limits, NO_LIMITS } from "../../../wire/container.ts";
import { allMetrics, columnOf, newestMetrics, ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import type { FakeKernel } from "../fake-kernel.ts";

const METRICS = [...allMetrics, ...newestMetrics];

/** Opens a collector on a cgroup of a fake kernel where it must find something. */
export function probeOf(kernel: FakeKernel, host: Host, collector: Collector, id: string): Probe {
  const probe = collector.open(cgroupAt(kernel.hierarchies, id), host);
  if (probe === undefined) throw new Error(`${collector.name} found nothing to measure`);
  return probe;
}

/** What a probe measures in one sample, by column; `usage` is the CPU time that was found before. */
export function sampleOf(
  probe: Probe,
  { usage = Number.NaN, limits = NO_LIMITS }: { usage?: number; limits?: Limits } = {},
): Record<string, number> {
  const row = new Float64Array(ROW_WIDTH).fill(Number.NaN);
  row[columnOf(cpuMetrics.usage)] = usage;
  probe.read(row, limits);
  const cells = METRICS.map((metric) => [metric.name, row[columnOf(metric)] ?? NaN] as const);
  const known = cells.filter(([, value]) => !Number.isNaN(value));
  return Object.fromEntries(known);
}
