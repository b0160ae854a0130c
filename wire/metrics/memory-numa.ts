import type { Series } from "./metric.ts";

/** Memory by NUMA node. */
export const memoryNumaSeries: readonly Series[] = [
  {
    type: "gauge",
    group: "memory_numa",
    scale: 1,
    family: {
      name: "container_memory_numa_pages",
      help: "Pages on a memory node, of the cgroup alone (cgroup v1 only) and with everything below it.",
    },
    per: ["type", "scope", "node"],
  },
];
