/**
 * cAdvisor's structures for the OpenAPI document: `name:type`, `?` behind a name that may be left
 * out. `u` is a whole number from 0 on, `[T]` a list, `{T}` an object with keys of any name, `!` behind
 * a list stands for "or null", which is how Go writes a list that was never made. What the window keeps
 * of the newest sample alone may be left out of the older ones.
 */

import { ADVANCED_TCP_COUNTERS } from "../../../wire/metrics/advanced-tcp.ts";
import { TCP_FIELDS, UDP_FIELDS } from "./tcp-fields.ts";

function optional(names: readonly string[]): string {
  return names.map((name) => `${name}?:u`).join(" ");
}

const INTERFACE = `name:s rx_bytes:u rx_packets:u rx_errors:u rx_dropped:u tx_bytes:u tx_packets:u
  tx_errors:u tx_dropped:u`;
const SOCKETS = "tcp:TcpStat tcp6:TcpStat udp:UdpStat udp6:UdpStat tcp_advanced:TcpAdvancedStat";
const REFERENCE = "id?:s name:s aliases?:[s] namespace?:s";
const TIMES = "creation_time:time start_time:time";
const EVENTS =
  "perf_stats?:[PerfStat] perf_uncore_stats?:[PerfUncoreStat] referenced_memory?:u resctrl:Resctrl";
const DEVICES = `filesystems:[MachineFilesystem]! disk_map:{Disk} network_devices:[NetworkDevice]!
  topology:[Node]! cloud_provider:s instance_type:s`;

/** The structures by their names. */
export const structures: Readonly<Record<string, string>> = {
  ContainerReference: REFERENCE,
  ContainerInfo: `${REFERENCE} subcontainers?:[ContainerReference] spec:ContainerSpec stats?:[ContainerStats]`,
  ContainerSpec: `${TIMES} labels?:{s} envs?:{s} has_cpu:bool cpu:CpuSpec has_memory:bool memory:MemorySpec
    has_hugetlb:bool has_network:bool has_processes:bool processes:ProcessSpec has_filesystem:bool
    has_diskio:bool has_custom_metrics:bool custom_metrics?:[MetricSpec] image?:s`,
  CpuSpec: "limit:u max_limit:u mask?:s quota?:u period?:u",
  MemorySpec: "limit?:u reservation?:u swap_limit?:u",
  ProcessSpec: "limit?:u",
  MetricSpec: "name:s type:s format:s units:s",
  ContainerStats: `timestamp:time cpu?:CpuStats cpu_inst?:CpuInstStats diskio?:DiskIoStats
    memory?:MemoryStats hugetlb?:{HugetlbStats} network?:NetworkStats filesystem?:[FsStats]
    task_stats:LoadStats processes?:ProcessStats custom_metrics?:{[MetricVal]} ${EVENTS} cpuset:CpusetStats
    oom_events?:u health:Health`,
  CpuStats:
    "usage:CpuUsage cfs:CpuCfs schedstat:CpuSchedstat load_average?:int load_d_average?:int psi:Psi",
  CpuUsage: "total:u per_cpu_usage?:[u] user:u system:u",
  CpuCfs: "periods:u throttled_periods:u throttled_time:u bursts_periods?:u burst_time?:u",
  CpuSchedstat: "run_time?:u runqueue_time?:u run_periods?:u",
  CpuInstStats: "usage:CpuUsage",
  Psi: "full:PsiData some:PsiData",
  PsiData: "total:u avg10?:float avg60?:float avg300?:float",
  DiskIoStats: `${[
    "io_service_bytes",
    "io_serviced",
    "io_queued",
    "sectors",
    "io_service_time",
    "io_wait_time",
    "io_merged",
    "io_time",
    "io_cost_usage",
    "io_cost_wait",
    "io_cost_indebt",
    "io_cost_indelay",
  ]
    .map((name) => `${name}?:[PerDiskStats]`)
    .join(" ")} psi:Psi`,
  PerDiskStats: "device:s major:u minor:u stats:{u}",
  MemoryStats: `usage:u max_usage:u cache:u rss:u swap:u mapped_file:u working_set:u
    total_active_file:u total_inactive_file:u ${optional([
      "file_dirty",
      "file_writeback",
      "pgscan",
      "pgsteal",
      "workingset_refault_file",
      "workingset_refault_anon",
      "failcnt",
      "kernel",
    ])} container_data:MemoryData hierarchical_data:MemoryData psi:Psi events:MemoryEvents`,
  MemoryData: "pgfault?:u pgmajfault?:u numa_stats:NumaStats",
  NumaStats: "file?:{u} anon?:{u} unevictable?:{u}",
  MemoryEvents: "high?:u max?:u",
  HugetlbStats: "usage?:u max_usage?:u failcnt:u",
  InterfaceStats: INTERFACE,
  NetworkStats: `${INTERFACE} interfaces?:[InterfaceStats] ${SOCKETS}`,
  NetworkStatsV2: `interfaces?:[InterfaceStats] ${SOCKETS}`,
  TcpStat: optional(TCP_FIELDS),
  UdpStat: optional(UDP_FIELDS),
  TcpAdvancedStat: optional(ADVANCED_TCP_COUNTERS).replace("MaxConn?:u", "MaxConn?:int"),
  FsStats: `device?:s type:s capacity:u usage:u base_usage:u available:u has_inodes:bool inodes:u
    inodes_free:u reads_completed:u reads_merged:u sectors_read:u read_time:u writes_completed:u
    writes_merged:u sectors_written:u write_time:u io_in_progress:u io_time:u weighted_io_time:u`,
  LoadStats: optional([
    "nr_sleeping",
    "nr_running",
    "nr_stopped",
    "nr_uninterruptible",
    "nr_io_wait",
  ]),
  ProcessStats: `process_count:u fd_count?:u socket_count?:u threads_current?:u threads_max?:u
    ulimits?:[Ulimit]`,
  Ulimit: "name:s soft_limit:int hard_limit:int",
  MetricVal: "label?:s labels?:{s} timestamp:time int_value?:int float_value?:float",
  MetricValBasic: "timestamp:time int_value?:int float_value?:float",
  PerfStat: "scaling_ratio:float value:u name:s cpu:int",
  PerfUncoreStat: "scaling_ratio:float value:u name:s socket:int pmu:s",
  Resctrl: "memory_bandwidth?:[MemoryBandwidth] cache?:[CacheStats]",
  MemoryBandwidth: "mbm_total_bytes?:u mbm_local_bytes?:u",
  CacheStats: "llc_occupancy?:u",
  CpusetStats: "memory_migrate?:u",
  Health: "status:s",
  MachineInfo: `timestamp:time vendor_id:s num_cores:int num_physical_cores:int num_sockets:int
    num_books?:int num_drawers?:int cpu_frequency_khz:u memory_capacity:u swap_capacity:u
    memory_by_type:{MemoryInfo} nvm:NvmInfo hugepages:[Hugepages]! machine_id:s system_uuid:s boot_id:s
    ${DEVICES} instance_id:s`,
  MemoryInfo: "capacity:u dimm_count:u",
  NvmInfo: "memory_mode_capacity:u app␣direct_mode_capacity:u avg_power_budget:u",
  Hugepages: "page_size:u num_pages:u",
  MachineFilesystem: "device:s capacity:u type:s inodes:u has_inodes:bool",
  Disk: "name:s major:u minor:u size:u scheduler:s",
  NetworkDevice: "name:s mac_address:s speed:int mtu:int",
  Node: `node_id:int memory:u hugepages:[Hugepages]! cores:[Core]! caches:[Cache]! distances:[u]!`,
  Core: `core_id:int thread_ids:[int] caches:[Cache]! uncore_caches:[Cache]! socket_id:int book_id?:s
    drawer_id?:s`,
  Cache: "id:int size:u type:s level:int",
  Attributes: `kernel_version:s container_os_version:s docker_version:s docker_api_version:s
    cadvisor_version:s num_cores:int cpu_frequency_khz:u memory_capacity:u machine_id:s system_uuid:s
    hugepages:[Hugepages]! ${DEVICES}`,
  ContainerSpecV2: `${TIMES} aliases?:[s] namespace?:s labels?:{s} envs?:{s} has_cpu:bool cpu:CpuSpec
    has_memory:bool memory:MemorySpec has_hugetlb:bool has_custom_metrics:bool
    custom_metrics?:[MetricSpec] has_processes:bool processes:ProcessSpec has_network:bool
    has_filesystem:bool has_diskio:bool image?:s`,
  ContainerStatsEntry: "spec:ContainerSpecV2 stats?:[ContainerStatsV2]",
  ContainerStatsV2: `timestamp:time cpu?:CpuStats cpu_inst?:CpuInstStats diskio?:DiskIoStats
    memory?:MemoryStats hugetlb?:{HugetlbStats} network?:NetworkStatsV2 processes?:ProcessStats
    filesystem?:FilesystemStats load_stats?:LoadStats custom_metrics?:{[MetricVal]} ${EVENTS}`,
  FilesystemStats: "totalUsageBytes?:u baseUsageBytes?:u containter_inode_usage?:u",
  // Of what it has not, the structure is there without its fields.
  DeprecatedContainerStats: `timestamp:time has_cpu:bool cpu:any cpu_inst?:CpuInstStats has_diskio:bool
    diskio:any has_memory:bool memory:any has_hugetlb:bool hugetlb?:{HugetlbStats} has_network:bool
    network:any has_processes:bool processes:any has_filesystem:bool filesystem?:[FsStats]
    has_load:bool load_stats:LoadStats has_custom_metrics:bool custom_metrics?:{[MetricVal]} ${EVENTS}`,
  MachineStats: `timestamp:time cpu?:CpuStats cpu_inst?:CpuInstStats memory?:MemoryStats
    network?:NetworkStatsV2 filesystem?:[MachineFsStats] load_stats?:LoadStats`,
  MachineFsStats:
    "device:s type:s capacity?:u usage?:u available?:u inodes_free?:u inline:DiskStats",
  DiskStats: optional([
    "reads_completed",
    "reads_merged",
    "sectors_read",
    "read_duration",
    "writes_completed",
    "writes_merged",
    "sectors_written",
    "write_duration",
    "io_in_progress",
    "io_duration",
    "weighted_io_duration",
  ]),
  DerivedStats: `timestamp:time latest_usage:InstantUsage minute_usage:Usage hour_usage:Usage
    day_usage:Usage`,
  InstantUsage: "cpu:u memory:u",
  Usage: "percent_complete:int cpu:Percentiles memory:Percentiles",
  Percentiles: "present:bool mean:u std:u max:u fifty:u ninety:u ninetyfive:u count:u",
  FsInfo: `timestamp:time device:s mountpoint:s capacity:u available:u usage:u labels:[s]! inodes?:u
    inodes_free?:u`,
  ProcessInfo: `user:s pid:int parent_pid:int start_time:s percent_cpu:float percent_mem:float rss:u
    virtual_size:u status:s running_time:s cgroup_path:s cmd:s fd_count:int psr:int`,
  Event: "container_name:s timestamp:time event_type:s event_data:EventData",
  EventData: "oom?:OomKillEvent container_deletion?:ContainerDeletion",
  OomKillEvent: "pid:int process_name:s constraint:s",
  ContainerDeletion: "exit_code:int",
};
