import type { Family } from "./metric.ts";

/** What is known of a machine; undefined = this machine does not tell. */
export interface MachineFacts {
  readonly cpuCores: number;
  readonly physicalCores: number | undefined;
  readonly sockets: number | undefined;
  readonly memoryBytes: number;
  readonly swapBytes: number | undefined;
}

/** A family about the machine itself, and where its value stands. */
export interface MachineMetric extends Family {
  readonly of: keyof MachineFacts;
}

/** Gauges about the machine; each carries `machine_id`, `system_uuid` and `boot_id`. */
export const machineMetrics: readonly MachineMetric[] = [
  { name: "machine_cpu_cores", of: "cpuCores", help: "Logical CPUs that are online." },
  { name: "machine_cpu_physical_cores", of: "physicalCores", help: "Physical CPU cores." },
  { name: "machine_cpu_sockets", of: "sockets", help: "CPU sockets." },
  { name: "machine_memory_bytes", of: "memoryBytes", help: "Memory installed, in bytes." },
  { name: "machine_swap_bytes", of: "swapBytes", help: "Swap space, in bytes." },
];
