import type { Metric } from "./metric.ts";

/**
 * A series of cAdvisor's family of page faults, each of which is a column: the cgroup's own
 * (`container`) or with everything below it (`hierarchy`).
 */
export function faultsOf(
  name: string,
  type: "pgfault" | "pgmajfault",
  scope: "container" | "hierarchy",
): Metric {
  return {
    name,
    type: "counter",
    group: "memory",
    scale: 1,
    family: {
      name: "container_memory_failures_total",
      help: "Page faults, of the cgroup alone and with everything below it; major faults had to wait for a disk.",
      labels: { failure_type: type, scope },
    },
  };
}
