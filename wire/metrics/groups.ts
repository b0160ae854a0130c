import { cpuMetrics } from "./cpu.ts";
import { diskIoMetrics } from "./disk-io.ts";
import { memoryMetrics } from "./memory.ts";
import type { Family, Metric } from "./metric.ts";
import { networkMetrics } from "./network.ts";

/** A family with a series for each group, made from a metric of its containers. */
export interface GroupFamily extends Family {
  readonly of: Metric;
}

/** What the containers of a group have used, those that are gone included: it never goes back. */
export const groupCounters: readonly GroupFamily[] = [
  {
    name: "container_group_cpu_usage_seconds_total",
    help: "CPU time used by all containers of the group, in seconds.",
    of: cpuMetrics.usage,
  },
  {
    name: "container_group_cpu_cfs_throttled_seconds_total",
    help: "Time that tasks of the group waited because a CPU quota had run out, in seconds.",
    of: cpuMetrics.throttled,
  },
  {
    name: "container_group_memory_failures_total",
    help: "Page faults of the group that had to wait for a disk.",
    labels: { failure_type: "pgmajfault" },
    of: memoryMetrics.majorFaults,
  },
  {
    name: "container_group_oom_events_total",
    help: "Processes of the group that the kernel killed because memory had run out.",
    of: memoryMetrics.oomKills,
  },
  {
    name: "container_group_network_receive_bytes_total",
    help: "Bytes received by all containers of the group.",
    of: networkMetrics.receive.bytes,
  },
  {
    name: "container_group_network_transmit_bytes_total",
    help: "Bytes sent by all containers of the group.",
    of: networkMetrics.transmit.bytes,
  },
  {
    name: "container_group_fs_reads_bytes_total",
    help: "Bytes read from block devices by all containers of the group.",
    of: diskIoMetrics.readBytes,
  },
  {
    name: "container_group_fs_writes_bytes_total",
    help: "Bytes written to block devices by all containers of the group.",
    of: diskIoMetrics.writtenBytes,
  },
];

/** What the containers of a group use now, together. */
export const groupGauges: readonly GroupFamily[] = [
  {
    name: "container_group_memory_working_set_bytes",
    help: "Memory usage less the inactive page cache of all containers of the group, in bytes.",
    of: memoryMetrics.workingSet,
  },
];

/** How many containers of a group run. */
export const groupSize: Family = {
  name: "container_group_containers",
  help: "Containers of the group that run; 0 for ten minutes after the last has gone.",
};

/** A kind of group on `/metrics`, and the kinds that a name of it may stand in, the first that is set. */
export interface GroupKind {
  readonly kind: string;
  readonly within: readonly string[];
}

/**
 * The groups that have series. Each is told by `group` (the kind), `name`, and the group that its name
 * stands in: a service `web` of one project is not the service `web` of another.
 */
export const GROUP_KINDS: readonly GroupKind[] = [
  { kind: "compose_project", within: [] },
  { kind: "service", within: ["stack", "compose_project"] },
  { kind: "stack", within: [] },
  { kind: "namespace", within: [] },
  { kind: "pod", within: ["namespace"] },
  { kind: "group", within: [] },
];
