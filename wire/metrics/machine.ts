import type { MetricGroup } from "./metric-groups.ts";
import type { Family } from "./metric.ts";

/** The name of a family about the machine. */
export type MachineMetricName =
  | "machine_cpu_books"
  | "machine_cpu_cores"
  | "machine_cpu_drawers"
  | "machine_cpu_physical_cores"
  | "machine_cpu_sockets"
  | "machine_dimm_capacity_bytes"
  | "machine_dimm_count"
  | "machine_memory_bytes"
  | "machine_nvm_capacity"
  | "machine_swap_bytes"
  | "machine_cpu_cache_capacity_bytes"
  | "machine_node_distance"
  | "machine_node_hugepages_count"
  | "machine_node_memory_capacity_bytes"
  | "machine_thread_siblings_count"
  | "machine_scrape_error";

/** A family about the machine itself. */
export interface MachineMetric extends Family {
  readonly name: MachineMetricName;
  /** The labels that tell its series apart; none if there is only one. */
  readonly per?: readonly string[];
  /** Absent = always on. */
  readonly group?: MetricGroup;
  /** Without the labels that name the machine. */
  readonly isBare?: boolean;
}

/** Gauges about the machine; each carries `machine_id`, `system_uuid` and `boot_id`. */
export const machineMetrics: readonly MachineMetric[] = [
  { name: "machine_cpu_books", help: "Books of CPUs, which only s390 has." },
  { name: "machine_cpu_cores", help: "Logical CPUs that are online." },
  { name: "machine_cpu_drawers", help: "Drawers of CPUs, which only s390 has." },
  { name: "machine_cpu_physical_cores", help: "Physical CPU cores." },
  { name: "machine_cpu_sockets", help: "CPU sockets." },
  {
    name: "machine_dimm_capacity_bytes",
    per: ["type"],
    help: "Memory of all modules of a type, as the memory controllers tell it.",
  },
  {
    name: "machine_dimm_count",
    per: ["type"],
    help: "Memory modules of a type, as the memory controllers tell it.",
  },
  { name: "machine_memory_bytes", help: "Memory installed, in bytes." },
  {
    name: "machine_nvm_capacity",
    per: ["mode"],
    help: "Persistent memory by its use, in bytes; of main memory's the kernel does not tell.",
  },
  { name: "machine_swap_bytes", help: "Swap space, in bytes." },
  {
    name: "machine_cpu_cache_capacity_bytes",
    per: ["node_id", "core_id", "type", "level"],
    group: "cpu_topology",
    help: "Size of a cache, in bytes; without a core if all of the node share it.",
  },
  {
    name: "machine_node_distance",
    per: ["node_id", "target_node_id"],
    group: "cpu_topology",
    help: "Cost of a node's access to the memory of another; 10 = its own.",
  },
  {
    name: "machine_node_hugepages_count",
    per: ["node_id", "page_size"],
    group: "cpu_topology",
    help: "Huge pages set aside on a node, by their size in kB.",
  },
  {
    name: "machine_node_memory_capacity_bytes",
    per: ["node_id"],
    group: "cpu_topology",
    help: "Memory of a node, in bytes.",
  },
  {
    name: "machine_thread_siblings_count",
    per: ["node_id", "core_id", "thread_id"],
    group: "cpu_topology",
    help: "CPUs that share a core, itself included.",
  },
  {
    name: "machine_scrape_error",
    isBare: true,
    help: "1 if the machine could not be read the last time, and what is shown is older.",
  },
];
