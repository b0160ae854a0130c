import type { Series } from "./metric.ts";

function gauge(name: string, help: string): Series {
  return { type: "gauge", group: "resctrl", scale: 1, family: { name, help }, per: ["node_id"] };
}

/** What processors tell of memory bandwidth and of their last cache, by the cache's number. */
export const resctrlSeries: readonly Series[] = [
  gauge("container_memory_bandwidth_bytes", "Bytes moved between the last cache and memory."),
  gauge(
    "container_memory_bandwidth_local_bytes",
    "Bytes moved between the last cache and the memory beside it.",
  ),
  gauge("container_llc_occupancy_bytes", "Bytes held in the last cache."),
];
