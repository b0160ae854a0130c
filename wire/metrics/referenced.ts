import type { Metric } from "./metric.ts";

const bytes: Metric = {
  name: "referenced_bytes",
  type: "gauge",
  group: "referenced_memory",
  scale: 1,
  family: {
    name: "container_referenced_bytes",
    help: "Memory that the processes of the cgroup have used since it was last marked as unused, in bytes.",
  },
};

/** Memory that is used, not only held, by the processes of one cgroup. */
export const referencedMetrics: Readonly<Record<"bytes", Metric>> = { bytes };
