import { cpuMetrics } from "./cpu.ts";
import type { Series } from "./metric.ts";

/** CPU time of one cgroup, CPU by CPU: the family of the total, which it takes the place of. */
export const percpuSeries: Series = {
  type: "counter",
  group: "percpu",
  scale: cpuMetrics.usage.scale,
  family: { name: "container_cpu_usage_seconds_total", help: "CPU time used, in seconds." },
  per: ["cpu"],
};
