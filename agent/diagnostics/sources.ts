import { advancedTcp } from "../collectors/advanced-tcp.ts";
import type { Collector } from "../collectors/collector.ts";

/** Files of one cgroup version in which a number stands. */
export interface Origin {
  /** Whose directory the files are in; undefined = that of v2, whatever is on there. */
  readonly controller?: string;
  /** One of them is enough. */
  readonly files: readonly string[];
  /** Why a file may be missing, or may not say it, on a host on which all else is well. */
  readonly lacks?: string;
  readonly remedy?: string;
}

/** Where a number comes from, by cgroup version; a version that is left out does not tell it. */
export interface Source {
  readonly v1?: Origin;
  readonly v2?: Origin;
  /** What a cgroup must have for the number to mean anything. */
  readonly needs?: "cpu-limit" | "network";
  /** Containers have none of it. */
  readonly isOfMachine?: boolean;
  /** The setting without which it is not measured at all, and the part of the host that it makes. */
  readonly setting?: { readonly part: "perf" | "resctrl" | "load"; readonly flag: string };
}

const NEWER = "boot a newer kernel";

function both(v1: Origin, v2: Origin): Source {
  return { v1, v2 };
}

const QUOTA: Source = {
  ...both({ controller: "cpu", files: ["cpu.stat"] }, { controller: "cpu", files: ["cpu.stat"] }),
  needs: "cpu-limit",
};

const BURST: Source = {
  v1: { ...QUOTA.v1, files: ["cpu.stat"], lacks: "Linux tells it from 5.14 on", remedy: NEWER },
  v2: { ...QUOTA.v2, files: ["cpu.stat"], lacks: "Linux tells it from 5.14 on", remedy: NEWER },
  needs: "cpu-limit",
};

const LISTS = ["cgroup.procs", "tasks", "cgroup.threads"];

const V2_STAT: Origin = { controller: "memory", files: ["memory.stat"] };

const NETWORK: Source = {
  ...both({ controller: "pids", files: ["cgroup.procs"] }, { files: ["cgroup.procs"] }),
  needs: "network",
};

/** By the collector's name. */
const OF_COLLECTOR: Readonly<Record<string, Source>> = {
  cpu: both(
    { controller: "cpuacct", files: ["cpuacct.usage", "cpuacct.stat"] },
    { files: ["cpu.stat"] },
  ),
  memory: both(
    { controller: "memory", files: ["memory.usage_in_bytes", "memory.stat"] },
    { controller: "memory", files: ["memory.current", "memory.stat"] },
  ),
  oom: both(
    {
      controller: "memory",
      files: ["memory.oom_control"],
      lacks: "Linux tells it from 4.13 on",
      remedy: NEWER,
    },
    { controller: "memory", files: ["memory.events"] },
  ),
  process: both(
    { controller: "pids", files: ["pids.current", "cgroup.procs"] },
    { controller: "pids", files: ["pids.current", "cgroup.procs"] },
  ),
  percpu: { v1: { controller: "cpuacct", files: ["cpuacct.usage_percpu"] } },
  descriptors: both(
    { controller: "pids", files: ["cgroup.procs", "fd", "limits"] },
    { files: ["cgroup.procs", "fd", "limits"] },
  ),
  sched: both(
    {
      controller: "cpuacct",
      files: ["schedstat"],
      lacks: "the kernel counts it only where it is told to",
      remedy: "set kernel.sched_schedstats=1, with a kernel that has CONFIG_SCHED_INFO",
    },
    {
      files: ["schedstat"],
      lacks: "the kernel counts it only where it is told to",
      remedy: "set kernel.sched_schedstats=1, with a kernel that has CONFIG_SCHED_INFO",
    },
  ),
  "disk-io": both(
    {
      controller: "blkio",
      files: ["blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"],
      lacks:
        "a cgroup that has not used a disk has no numbers, nor has one whose disks the kernel does not count",
    },
    {
      controller: "io",
      files: ["io.stat"],
      lacks: "a cgroup that has not used a disk has no numbers",
    },
  ),
  filesystem: both(
    {
      files: [],
      lacks: "its layer on disk has not been found or not been added up yet",
      remedy: "wait a minute; then see whether disk.layers and container.rootfs are well",
    },
    {
      files: [],
      lacks: "its layer on disk has not been found or not been added up yet",
      remedy: "wait a minute; then see whether disk.layers and container.rootfs are well",
    },
  ),
  network: NETWORK,
  tcp: NETWORK,
  udp: NETWORK,
  [advancedTcp.name]: NETWORK,
  pressure: {
    v2: { files: ["cpu.pressure", "memory.pressure", "io.pressure"] },
  },
  load: {
    ...both({ controller: "cpu", files: LISTS }, { files: LISTS }),
    setting: { part: "load", flag: "--load-reader" },
  },
  perf_event: {
    ...both({ files: [] }, { files: [] }),
    setting: { part: "perf", flag: "--perf-events-config=FILE" },
  },
  resctrl: {
    ...both({ files: [] }, { files: [] }),
    setting: { part: "resctrl", flag: "--resctrl-interval=10s" },
  },
  cpuset: { v1: { controller: "cpuset", files: ["cpuset.memory_migrate"] } },
  "memory-numa": both(
    {
      controller: "memory",
      files: ["memory.numa_stat"],
      lacks: "this kernel does not know of NUMA",
      remedy: "nothing, on a machine with one node",
    },
    {
      controller: "memory",
      files: ["memory.numa_stat"],
      lacks: "Linux tells it from 5.8 on, with CONFIG_NUMA",
      remedy: NEWER,
    },
  ),
  hugetlb: both(
    { controller: "hugetlb", files: [], lacks: "the machine has no huge pages" },
    { controller: "hugetlb", files: [], lacks: "the machine has no huge pages" },
  ),
  referenced: both(
    {
      controller: "memory",
      files: ["smaps", "cgroup.procs"],
      lacks: "it needs a look into each process",
      remedy: "run as root, or add CAP_SYS_PTRACE",
    },
    {
      controller: "memory",
      files: ["smaps", "cgroup.procs"],
      lacks: "it needs a look into each process",
      remedy: "run as root, or add CAP_SYS_PTRACE",
    },
  ),
};

/** By the name of the column, or of the family that has several series, where it is not as with the rest of its collector. */
const OF_METRIC: Readonly<Record<string, Source>> = {
  cpu_periods: QUOTA,
  cpu_throttled_periods: QUOTA,
  cpu_throttled_nanoseconds: QUOTA,
  cpu_burst_periods: BURST,
  cpu_burst_nanoseconds: BURST,
  memory_swap_bytes: both(
    {
      controller: "memory",
      files: ["memory.stat"],
      lacks: "the kernel does not count the swap of cgroups",
      remedy: "add swapaccount=1 to the kernel's command line, and restart the machine",
    },
    {
      controller: "memory",
      files: ["memory.swap.current"],
      lacks: "the kernel does not count the swap of cgroups",
      remedy: "add swapaccount=1 to the kernel's command line, and restart the machine",
    },
  ),
  container_fs_inodes_free: { v1: { files: [] }, v2: { files: [] }, isOfMachine: true },
  container_volume_usage_bytes: both(
    { files: [], lacks: "no named volume of theirs has been added up" },
    { files: [], lacks: "no named volume of theirs has been added up" },
  ),
  memory_kernel_bytes: both(
    { controller: "memory", files: ["memory.kmem.usage_in_bytes"] },
    { ...V2_STAT, lacks: "Linux tells it from 5.18 on", remedy: NEWER },
  ),
  memory_max_usage_bytes: both(
    { controller: "memory", files: ["memory.max_usage_in_bytes"] },
    {
      controller: "memory",
      files: ["memory.peak"],
      lacks: "Linux tells it from 5.19 on",
      remedy: NEWER,
    },
  ),
};

/** What the kernel tells of v2 cgroups alone, by the column's name. */
const ONLY_V2 = /^memory_(?:high_events|max_events|scanned_pages|reclaimed_pages)$/;

/** Where a number comes from; undefined for a collector that is not in the table. */
export function sourceOf(collector: Collector, metric: string | undefined): Source | undefined {
  if (metric !== undefined) {
    const own = OF_METRIC[metric];
    if (own !== undefined) return own;
    if (ONLY_V2.test(metric)) return { v2: V2_STAT };
  }
  return OF_COLLECTOR[collector.name];
}
