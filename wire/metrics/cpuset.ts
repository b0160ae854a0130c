import type { Metric } from "./metric.ts";

const memoryMigrate: Metric = {
  name: "cpuset_memory_migrate",
  type: "gauge",
  group: "cpuset",
  scale: 1,
  family: {
    name: "container_memory_migrate",
    help: "Whether memory follows when the memory nodes of the cgroup are changed: 1 or 0; cgroup v1 only.",
  },
};

/** What the cpuset controller of one cgroup says of memory. */
export const cpusetMetrics: Readonly<Record<"memoryMigrate", Metric>> = { memoryMigrate };
