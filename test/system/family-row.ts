import type { MetricGroup } from "../../wire/metrics/metric-groups.ts";

/** A shell condition for each thing that a machine may lack; `{cgroup}` is the container's path. */
export const NEEDS = {
  // Every disk of the machine has that scheduler.
  bfqOnly:
    "cat /sys/block/*/queue/scheduler | grep -q bfq && ! grep -LF '[bfq]' /sys/block/[hsvx]*d*/queue/scheduler | grep -q .",
  bfq: "test -e /sys/fs/cgroup/blkio/blkio.bfq.io_service_bytes_recursive && test -n '{disk}'",
  bfqTimes: "test -e /sys/fs/cgroup/blkio/blkio.bfq.io_service_time_recursive && test -n '{disk}'",
  burst:
    "test -e /sys/fs/cgroup/cpu{cgroup}/cpu.cfs_burst_us || test -e /sys/fs/cgroup{cgroup}/cpu.max.burst",
  caches: "test -e /sys/devices/system/cpu/cpu0/cache/index0/size",
  dimms: "test -e /sys/devices/system/edac/mc/mc0",
  hugetlb:
    "ls /sys/fs/cgroup/hugetlb{cgroup}/hugetlb.*.usage_in_bytes /sys/fs/cgroup{cgroup}/hugetlb.*.current | grep -q .",
  hugetlbV1: "ls /sys/fs/cgroup/hugetlb{cgroup}/hugetlb.*.usage_in_bytes | grep -q .",
  ioCost: "grep -qs enable=1 /sys/fs/cgroup/io.cost.qos",
  kernelMemory:
    "test -e /sys/fs/cgroup/memory{cgroup}/memory.kmem.usage_in_bytes || grep -qs '^kernel ' /sys/fs/cgroup{cgroup}/memory.stat",
  kernelMessages: "head -c 0 /dev/kmsg",
  memoryPeak:
    "test -e /sys/fs/cgroup/memory{cgroup}/memory.max_usage_in_bytes || test -e /sys/fs/cgroup{cgroup}/memory.peak",
  network: "ls /sys/class/net | grep -qvE '^(lo$|veth|docker|nerdctl|bonding_masters)'",
  nodes: "test -e /sys/devices/system/node/node0",
  numaStat:
    "test -e /sys/fs/cgroup/memory{cgroup}/memory.numa_stat || test -e /sys/fs/cgroup{cgroup}/memory.numa_stat",
  perf: "test -e /sys/fs/cgroup/perf_event{cgroup} || test -e /sys/fs/cgroup/unified{cgroup} || test -e /sys/fs/cgroup{cgroup}/cgroup.events",
  pressure:
    "test -e /sys/fs/cgroup{cgroup}/cpu.pressure || test -e /sys/fs/cgroup/unified{cgroup}/cpu.pressure",
  pressureOfAll: "test -e /proc/pressure/cpu",
  persistentMemory: "ls /sys/bus/nd/devices | grep -q namespace",
  resctrl: "test -e /sys/fs/resctrl/info/L3_MON",
  s390: "test -e /sys/devices/system/cpu/cpu0/topology/book_id",
  schedstat: "test -e /proc/self/schedstat",
} as const;

/** Something that a machine may lack. */
export type Need = keyof typeof NEEDS;

/** Whether somebody has series: always, never, where the machine has what it takes, or who knows. */
type Has = boolean | Need | "maybe";

/** Whether the machine's cgroup `/` and a container have series, under v1 and under v2. */
export interface Owners {
  readonly root: readonly [v1: Has, v2: Has];
  readonly container: readonly [v1: Has, v2: Has];
}

/** Whom the series of a family are about, by the labels that each of them has. */
export type About = "cgroup" | "machine" | "group" | "agent";

/** What a family must look like on a page. */
export interface FamilyRow {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly about: About;
  /** Labels beside those that say whom a series is about. */
  readonly labels: readonly string[];
  /** Absent = always on. */
  readonly group?: MetricGroup;
  /** Of a family about cgroups. */
  readonly owners?: Owners;
  /** Of any other: what it takes. */
  readonly needs?: Need;
  /** There only when something has happened, or where a processor counts what the test can't name. */
  readonly isRare?: boolean;
  /** Every value of a label that stands on the series of a container. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
}

/** What a row may say beside its name. */
type Rest = Partial<Omit<FamilyRow, "name" | "type" | "about" | "owners">>;

/** Everybody, always. */
export const EVERYBODY: Owners = { root: [true, true], container: [true, true] };

/** Containers only. */
export const CONTAINERS: Owners = { root: [false, false], container: [true, true] };

/** The machine only. */
export const ROOT: Owners = { root: [true, true], container: [false, false] };

/** A counter about cgroups. */
export function counter(name: string, owners: Owners, rest: Rest = {}): FamilyRow {
  return { name, type: "counter", about: "cgroup", labels: [], owners, ...rest };
}

/** A gauge about cgroups. */
export function gauge(name: string, owners: Owners, rest: Rest = {}): FamilyRow {
  return { name, type: "gauge", about: "cgroup", labels: [], owners, ...rest };
}

/** A family that is not about cgroups. */
export function other(
  about: About,
  type: FamilyRow["type"],
  name: string,
  rest: Rest = {},
): FamilyRow {
  return { name, type, about, labels: [], ...rest };
}

/** Puts rows into a group of metrics. */
export function inGroup(group: MetricGroup, rows: readonly FamilyRow[]): readonly FamilyRow[] {
  return rows.map((row) => ({ ...row, group }));
}
