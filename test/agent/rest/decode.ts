/**
 * A client of cAdvisor's REST API that knows nothing of ours: it takes every structure as cAdvisor
 * describes it, and refuses a key that it does not know, a type that is not right, and a key that is
 * missing though cAdvisor always writes it.
 */

/** `name:type`, `?` = may be left out; `u` = uint64, `[T]` = list, `{T}` = map, `!` = or null. */
const STRUCTURES: Readonly<Record<string, string>> = {
  ContainerReference: "id?:s name:s aliases?:[s] namespace?:s",
  ContainerInfo:
    "id?:s name:s aliases?:[s] namespace?:s subcontainers?:[ContainerReference] spec:ContainerSpec stats?:[ContainerStats]",
  ContainerSpec: `creation_time:time start_time:time labels?:{s} envs?:{s} has_cpu:bool cpu:Cpu has_memory:bool
    memory:MemoryLimits has_hugetlb:bool has_network:bool has_processes:bool processes:ProcessLimits
    has_filesystem:bool has_diskio:bool has_custom_metrics:bool custom_metrics?:[CustomMetric] image?:s`,
  Cpu: "limit:u max_limit:u mask?:s quota?:u period?:u",
  MemoryLimits: "limit?:u reservation?:u swap_limit?:u",
  ProcessLimits: "limit?:u",
  CustomMetric: "name:s type:gauge|cumulative format:int|float units:s",
  ContainerStats: `timestamp:time cpu?:CpuStats cpu_inst?:CpuInst diskio?:DiskIo memory?:Memory
    hugetlb?:{Hugetlb} network?:Network filesystem?:[Fs] task_stats:Load accelerators?:[Accel]
    processes?:Processes custom_metrics?:{[MetricVal]} perf_stats?:[PerfStat]
    perf_uncore_stats?:[PerfUncore] referenced_memory?:u resctrl:Resctrl cpuset:Cpuset oom_events?:u
    health:Health`,
  Cpuset: "memory_migrate:u",
  Health: "status:s",
  CpuStats: "usage:CpuUsage cfs:Cfs schedstat:Schedstat load_average:i load_d_average:i psi:Psi",
  CpuUsage: "total:u per_cpu_usage?:[u] user:u system:u",
  Cfs: "periods:u throttled_periods:u throttled_time:u bursts_periods:u burst_time:u",
  Schedstat: "run_time:u runqueue_time:u run_periods:u",
  CpuInst: "usage:CpuUsage",
  Psi: "full:PsiData some:PsiData",
  PsiData: "total:u avg10:f avg60:f avg300:f",
  DiskIo: `io_service_bytes?:[PerDisk] io_serviced?:[PerDisk] io_queued?:[PerDisk] sectors?:[PerDisk]
    io_service_time?:[PerDisk] io_wait_time?:[PerDisk] io_merged?:[PerDisk] io_time?:[PerDisk]
    io_cost_usage?:[PerDisk] io_cost_wait?:[PerDisk] io_cost_indebt?:[PerDisk]
    io_cost_indelay?:[PerDisk] psi:Psi`,
  PerDisk: "device:s major:u minor:u stats:{u}",
  Memory: `usage:u max_usage:u cache:u rss:u swap:u mapped_file:u working_set:u total_active_file:u
    total_inactive_file:u file_dirty:u file_writeback:u pgscan:u pgsteal:u workingset_refault_file:u
    workingset_refault_anon:u failcnt:u kernel:u container_data:MemData hierarchical_data:MemData psi:Psi
    events:MemEvents`,
  MemEvents: "high:u max:u",
  MemData: "pgfault:u pgmajfault:u numa_stats:NumaStats",
  NumaStats: "file?:{u} anon?:{u} unevictable?:{u}",
  Hugetlb: "usage?:u max_usage?:u failcnt:u",
  Interface:
    "name:s rx_bytes:u rx_packets:u rx_errors:u rx_dropped:u tx_bytes:u tx_packets:u tx_errors:u tx_dropped:u",
  Network: `name:s rx_bytes:u rx_packets:u rx_errors:u rx_dropped:u tx_bytes:u tx_packets:u tx_errors:u
    tx_dropped:u interfaces?:[Interface] tcp:Tcp tcp6:Tcp udp:Udp udp6:Udp tcp_advanced:TcpAdv`,
  Tcp: `Established:u SynSent:u SynRecv:u FinWait1:u FinWait2:u TimeWait:u Close:u CloseWait:u LastAck:u
    Listen:u Closing:u`,
  Udp: "Listen:u Dropped:u RxQueued:u TxQueued:u",
  TcpAdv:
    `RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs
    OutSegs RetransSegs InErrs OutRsts InCsumErrors EmbryonicRsts SyncookiesSent SyncookiesRecv
    SyncookiesFailed PruneCalled RcvPruned OfoPruned OutOfWindowIcmps LockDroppedIcmps TW TWRecycled
    TWKilled TCPTimeWaitOverflow TCPTimeouts TCPSpuriousRTOs TCPLossProbes TCPLossProbeRecovery
    TCPRenoRecoveryFail TCPSackRecoveryFail TCPRenoFailures TCPSackFailures TCPLossFailures DelayedACKs
    DelayedACKLocked DelayedACKLost ListenOverflows ListenDrops TCPHPHits TCPPureAcks TCPHPAcks
    TCPRenoRecovery TCPSackRecovery TCPSACKReneging TCPFACKReorder TCPSACKReorder TCPRenoReorder
    TCPTSReorder TCPFullUndo TCPPartialUndo TCPDSACKUndo TCPLossUndo TCPFastRetrans TCPSlowStartRetrans
    TCPLostRetransmit TCPRetransFail TCPRcvCollapsed TCPDSACKOldSent TCPDSACKOfoSent TCPDSACKRecv
    TCPDSACKOfoRecv TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger
    TCPAbortFailed TCPMemoryPressures TCPMemoryPressuresChrono TCPSACKDiscard TCPDSACKIgnoredOld
    TCPDSACKIgnoredNoUndo TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted TCPSackMerged
    TCPSackShiftFallback TCPBacklogDrop PFMemallocDrop TCPMinTTLDrop TCPDeferAcceptDrop
    IPReversePathFilter TCPReqQFullDoCookies TCPReqQFullDrop TCPFastOpenActive TCPFastOpenActiveFail
    TCPFastOpenPassive TCPFastOpenPassiveFail TCPFastOpenListenOverflow TCPFastOpenCookieReqd
    TCPSynRetrans TCPOrigDataSent PAWSActive PAWSEstab`
      .trim()
      .split(/\s+/)
      .map((name) => `${name}:${name === "MaxConn" ? "i" : "u"}`)
      .join(" "),
  Fs: `device?:s type:vfs|zfs|nfs|devicemapper capacity:u usage:u base_usage:u available:u has_inodes:bool inodes:u
    inodes_free:u reads_completed:u reads_merged:u sectors_read:u read_time:u writes_completed:u
    writes_merged:u sectors_written:u write_time:u io_in_progress:u io_time:u weighted_io_time:u`,
  Load: "nr_sleeping:u nr_running:u nr_stopped:u nr_uninterruptible:u nr_io_wait:u",
  Accel: "make:s model:s id:s memory_total:u memory_used:u duty_cycle:u",
  Processes:
    "process_count:u fd_count:u socket_count:u threads_current?:u threads_max?:u ulimits?:[Ulimit]",
  Ulimit: "name:s soft_limit:i hard_limit:i",
  MetricVal: "label?:s labels?:{s} timestamp:time int_value?:i float_value?:f",
  MetricValBasic: "timestamp:time int_value?:i float_value?:f",
  PerfStat: "scaling_ratio:f value:u name:s cpu:i",
  PerfUncore: "scaling_ratio:f value:u name:s socket:i pmu:s",
  Resctrl: "memory_bandwidth?:[Bandwidth] cache?:[Occupancy]",
  Bandwidth: "mbm_total_bytes?:u mbm_local_bytes?:u",
  Occupancy: "llc_occupancy?:u",
  MachineInfo: `timestamp:time vendor_id:s num_cores:i num_physical_cores:i num_sockets:i num_books?:i
    num_drawers?:i cpu_frequency_khz:u memory_capacity:u swap_capacity:u memory_by_type:{Dimms} nvm:Nvm
    hugepages:[Hugepages]! machine_id:s system_uuid:s boot_id:s filesystems:[Filesystem]! disk_map:{Disk}
    network_devices:[Device]! topology:[Node]! cloud_provider:s instance_type:s instance_id:s`,
  Dimms: "capacity:u dimm_count:u",
  Nvm: "memory_mode_capacity:u app_direct_mode_capacity:u avg_power_budget:u",
  Hugepages: "page_size:u num_pages:u",
  Filesystem: "device:s capacity:u type:s inodes:u has_inodes:bool",
  Disk: "name:s major:u minor:u size:u scheduler:s",
  Device: "name:s mac_address:s speed:i mtu:i",
  Node: "node_id:i memory:u hugepages:[Hugepages]! cores:[Core]! caches:[Cache]! distances:[u]!",
  Core: "core_id:i thread_ids:[i] caches:[Cache]! uncore_caches:[Cache]! socket_id:i book_id?:s drawer_id?:s",
  Cache: "id:i size:u type:s level:i",
  Attributes: `kernel_version:s container_os_version:s docker_version:s docker_api_version:s
    cadvisor_version:s num_cores:i cpu_frequency_khz:u memory_capacity:u machine_id:s system_uuid:s
    hugepages:[Hugepages]! filesystems:[Filesystem]! disk_map:{Disk} network_devices:[Device]!
    topology:[Node]! cloud_provider:s instance_type:s`,
  ContainerSpecV2: `creation_time:time start_time:time aliases?:[s] namespace?:s labels?:{s} envs?:{s} has_cpu:bool
    cpu:CpuV2 has_memory:bool memory:MemoryLimits has_hugetlb:bool has_custom_metrics:bool
    custom_metrics?:[CustomMetric] has_processes:bool processes:ProcessLimits has_network:bool
    has_filesystem:bool has_diskio:bool image?:s`,
  CpuV2: "limit:u max_limit:u mask?:s",
  StatsEntry: "spec:ContainerSpecV2 stats?:[ContainerStatsV2]",
  ContainerStatsV2: `timestamp:time cpu?:CpuStats cpu_inst?:CpuInst diskio?:DiskIo memory?:Memory hugetlb?:{Hugetlb}
    network?:NetV2 processes?:Processes filesystem?:FsV2 load_stats?:Load accelerators?:[Accel]
    custom_metrics?:{[MetricVal]} perf_stats?:[PerfStat] perf_uncore_stats?:[PerfUncore]
    referenced_memory?:u resctrl:Resctrl`,
  NetV2: "interfaces?:[Interface] tcp:Tcp tcp6:Tcp udp:Udp udp6:Udp tcp_advanced:TcpAdv",
  FsV2: "totalUsageBytes?:u baseUsageBytes?:u containter_inode_usage?:u",
  DeprecatedContainerStats: `timestamp:time has_cpu:bool cpu:CpuStats cpu_inst?:CpuInst has_diskio:bool
    diskio:DiskIo has_memory:bool memory:Memory has_hugetlb:bool hugetlb?:{Hugetlb} has_network:bool
    network:NetV2 has_processes:bool processes:Processes has_filesystem:bool filesystem?:[Fs]
    has_load:bool load_stats:Load has_custom_metrics:bool custom_metrics?:{[MetricVal]}
    perf_stats?:[PerfStat] perf_uncore_stats?:[PerfUncore] referenced_memory?:u resctrl:Resctrl`,
  MachineStats:
    "timestamp:time cpu?:CpuStats cpu_inst?:CpuInst memory?:Memory network?:NetV2 filesystem?:[MachineFs] load_stats?:Load",
  MachineFs: "device:s type:s capacity?:u usage?:u available?:u inodes_free?:u inline:DiskStats",
  DiskStats: `reads_completed?:u reads_merged?:u sectors_read?:u read_duration?:u writes_completed?:u
    writes_merged?:u sectors_written?:u write_duration?:u io_in_progress?:u io_duration?:u
    weighted_io_duration?:u`,
  DerivedStats:
    "timestamp:time latest_usage:Instant minute_usage:Usage hour_usage:Usage day_usage:Usage",
  Instant: "cpu:u memory:u",
  Usage: "percent_complete:i cpu:Pct memory:Pct",
  Pct: "present:bool mean:u std:u max:u fifty:u ninety:u ninetyfive:u count:u",
  FsInfo:
    "timestamp:time device:s mountpoint:s capacity:u available:u usage:u labels:[s]! inodes?:u inodes_free?:u",
  ProcessInfo: `user:s pid:i parent_pid:i start_time:s percent_cpu:f percent_mem:f rss:u virtual_size:u
    status:s running_time:s cgroup_path:s cmd:s fd_count:i psr:i`,
  Event:
    "container_name:s timestamp:time event_type:oom|oomKill|containerCreation|containerDeletion event_data:EventData",
  EventData: "oom?:OomKill container_deletion?:Deletion",
  OomKill: "pid:i process_name:s constraint:s",
  Deletion: "exit_code:i",
};

/** Keys with a blank in them, which the table can't have. */
const ODD_KEYS: Readonly<Record<string, string>> = {
  app_direct_mode_capacity: "app direct_mode_capacity",
};

/**
 * What our window knows of the newest sample alone, and averages for which it does not reach back
 * far enough: cAdvisor writes them always, we leave them out where they are not known.
 */
const NOT_ALWAYS_KNOWN = new Set(
  `avg10 avg60 avg300
  bursts_periods burst_time run_time runqueue_time run_periods
  load_average load_d_average fd_count socket_count memory_migrate
  file_dirty file_writeback pgscan pgsteal failcnt kernel high max
  workingset_refault_file workingset_refault_anon pgfault pgmajfault`.split(/\s+/),
);

/** Structures that are as a whole of the newest sample alone, or of nothing that is measured. */
const MAY_BE_EMPTY = new Set(
  `Tcp Udp TcpAdv Load
  CpuStats Memory DiskIo NetV2 Processes`.split(/\s+/),
);

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

const BASIC: Readonly<Record<string, (value: unknown) => boolean>> = {
  u: (value) => Number.isInteger(value) && (value as number) >= 0,
  i: Number.isInteger,
  f: (value) => typeof value === "number",
  s: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  time: (value) => typeof value === "string" && TIME.test(value),
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly isOptional: boolean;
}

function fieldsOf(structure: string): Field[] {
  return structure
    .trim()
    .split(/\s+/)
    .map((field) => {
      const colon = field.indexOf(":");
      const isOptional = field[colon - 1] === "?";
      const name = field.slice(0, isOptional ? colon - 1 : colon);
      return { name: ODD_KEYS[name] ?? name, type: field.slice(colon + 1), isOptional };
    });
}

function* complaintsOfStructure(name: string, value: unknown, at: string): Generator<string> {
  const structure = STRUCTURES[name];
  if (structure === undefined) throw new Error(`${name} is in no table`);
  if (!isObject(value)) return yield `${at} is no ${name}: ${JSON.stringify(value)}`;
  const keys = Object.keys(value);
  if (keys.length === 0 && MAY_BE_EMPTY.has(name)) return;
  const fields = fieldsOf(structure);
  const known = fields.map((field) => field.name);
  for (const key of keys) if (!known.includes(key)) yield `${at}.${key} is unknown`;
  const order = known.filter((key) => keys.includes(key));
  if (order.join() !== keys.filter((key) => known.includes(key)).join()) {
    yield `${at} has its keys in another order: ${keys.join()}`;
  }
  for (const field of fields) {
    const member = value[field.name];
    if (member !== undefined) yield* complaints(field.type, member, `${at}.${field.name}`);
    else if (!field.isOptional && !NOT_ALWAYS_KNOWN.has(field.name)) {
      yield `${at}.${field.name} is missing`;
    }
  }
}

function* complaints(type: string, value: unknown, at: string): Generator<string> {
  if (type.endsWith("!")) {
    if (value !== null) yield* complaints(type.slice(0, -1), value, at);
  } else if (type.startsWith("[")) {
    if (!Array.isArray(value)) return yield `${at} is no list: ${JSON.stringify(value)}`;
    for (const [index, item] of value.entries()) {
      yield* complaints(type.slice(1, -1), item, `${at}[${index}]`);
    }
  } else if (type.startsWith("{")) {
    if (!isObject(value)) return yield `${at} is no map: ${JSON.stringify(value)}`;
    for (const [key, item] of Object.entries(value)) {
      yield* complaints(type.slice(1, -1), item, `${at}[${key}]`);
    }
  } else if (type.includes("|")) {
    if (!type.split("|").includes(String(value))) yield `${at} is not ${type}: ${String(value)}`;
  } else if (BASIC[type] === undefined) {
    yield* complaintsOfStructure(type, value, at);
  } else if (!BASIC[type](value)) {
    yield `${at} is not ${type}: ${JSON.stringify(value)}`;
  }
}

/** Decodes an answer of a type (`[ContainerInfo]`, `{StatsEntry}`, …); throws with all that is wrong with it. */
export function decode(type: string, text: string): unknown {
  if (text.endsWith("\n")) throw new Error("the answer ends with a newline");
  const value: unknown = JSON.parse(text);
  const found = [...complaints(type, value, "$")];
  if (found.length > 0) throw new Error(found.slice(0, 20).join("\n"));
  return value;
}

/** Every route of the API by its path behind `/api/`, with what it answers; `NAME` and `PATH` stand for a container's. */
export const ROUTES: Readonly<Record<string, string>> = {
  "v1.0/containers": "ContainerInfo",
  "v1.0/containers/": "ContainerInfo",
  "v1.0/containersPATH": "ContainerInfo",
  "v1.1/subcontainers/": "[ContainerInfo]",
  "v1.2/docker": "{ContainerInfo}",
  "v1.2/docker/": "{ContainerInfo}",
  "v1.2/docker/NAME": "{ContainerInfo}",
  "v1.3/machine": "MachineInfo",
  "v1.3/containersPATH": "ContainerInfo",
  "v1.3/events/?all_events=true&subcontainers=true&max_events=-1": "[Event]",
  "v2.0/version": "s",
  "v2.0/attributes": "Attributes",
  "v2.0/machine": "MachineInfo",
  "v2.0/summary": "{DerivedStats}",
  "v2.0/summary/NAME?type=docker": "{DerivedStats}",
  "v2.0/summary/?recursive=true": "{DerivedStats}",
  "v2.0/stats": "{[DeprecatedContainerStats]}",
  "v2.0/statsPATH?count=2&max_age=10s": "{[DeprecatedContainerStats]}",
  "v2.0/stats?type=docker&recursive=true": "{[DeprecatedContainerStats]}",
  "v2.0/spec/NAME?type=docker": "{ContainerSpecV2}",
  "v2.0/spec?recursive=true": "{ContainerSpecV2}",
  "v2.0/storage": "[FsInfo]",
  "v2.0/storage?label=root": "[FsInfo]",
  "v2.0/ps": "[ProcessInfo]",
  "v2.0/ps/NAME?type=docker": "[ProcessInfo]",
  "v2.0/appmetrics/NAME?type=docker": "{{{[MetricValBasic]}}}",
  "v2.0/events/?creation_events=true": "[Event]",
  "v2.1/version": "s",
  "v2.1/stats?recursive=true&count=-1": "{StatsEntry}",
  "v2.1/stats/NAME?type=docker": "{StatsEntry}",
  "v2.1/machinestats": "[MachineStats]",
  "v2.1/machinestats?count=1": "[MachineStats]",
};
