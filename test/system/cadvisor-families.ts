import { ADVANCED_TCP_STATES } from "../../wire/metrics/advanced-tcp.ts";
import { TCP_STATES } from "../../wire/metrics/tcp.ts";
import {
  CONTAINERS,
  counter,
  EVERYBODY,
  type FamilyRow,
  gauge,
  inGroup,
  other,
  type Owners,
  ROOT,
} from "./family-row.ts";

const always: readonly FamilyRow[] = [
  other("agent", "gauge", "cadvisor_version_info", {
    labels: ["kernelVersion", "osVersion", "dockerVersion", "cadvisorVersion", "cadvisorRevision"],
  }),
  other("agent", "gauge", "container_scrape_error"),
  gauge("container_last_seen", EVERYBODY),
  gauge("container_health_state", EVERYBODY),
  gauge("container_creation_time_seconds", EVERYBODY),
  gauge("container_start_time_seconds", EVERYBODY),
  gauge("container_spec_cpu_period", { root: [true, false], container: [true, true] }),
  gauge("container_spec_cpu_quota", CONTAINERS),
  gauge("container_spec_cpu_shares", { root: [true, false], container: [true, true] }),
  gauge("container_spec_memory_limit_bytes", EVERYBODY),
  // There is no file of it above the first cgroup of v2.
  gauge("container_spec_memory_reservation_limit_bytes", {
    root: [true, false],
    container: [true, true],
  }),
  gauge("container_spec_memory_swap_limit_bytes", { root: [true, false], container: [true, true] }),
];

const BURST: Owners = { root: [false, false], container: ["burst", "burst"] };

const cpu: readonly FamilyRow[] = [
  ...inGroup("cpu", [
    counter("container_cpu_usage_seconds_total", EVERYBODY, { labels: ["cpu"] }),
    counter("container_cpu_user_seconds_total", EVERYBODY),
    counter("container_cpu_system_seconds_total", EVERYBODY),
    // Only under a quota.
    counter("container_cpu_cfs_periods_total", CONTAINERS),
    counter("container_cpu_cfs_throttled_periods_total", CONTAINERS),
    counter("container_cpu_cfs_throttled_seconds_total", CONTAINERS),
    counter("container_cpu_cfs_burst_periods_total", BURST),
    counter("container_cpu_cfs_burst_seconds_total", BURST),
  ]),
  ...inGroup("sched", [
    counter("container_cpu_schedstat_run_seconds_total", EVERYBODY),
    counter("container_cpu_schedstat_runqueue_seconds_total", EVERYBODY),
    counter("container_cpu_schedstat_run_periods_total", EVERYBODY),
  ]),
];

// The kernel shows of no task whether it waits for I/O: cAdvisor's `iowaiting` is always 0.
const STATES = ["sleeping", "running", "stopped", "uninterruptible"];

/** Only with `--load-reader`. */
const load = inGroup("cpuLoad", [
  gauge("container_cpu_load_average_10s", EVERYBODY),
  gauge("container_cpu_load_d_average_10s", EVERYBODY),
  gauge("container_tasks_state", EVERYBODY, { labels: ["state"], values: { state: STATES } }),
]);

const V2_CONTAINERS: Owners = { root: [false, false], container: [false, true] };
const V2: Owners = { root: [false, true], container: [false, true] };
const NOT_V2_ROOT: Owners = { root: [true, false], container: [true, true] };

const memory = inGroup("memory", [
  gauge("container_memory_usage_bytes", EVERYBODY),
  gauge("container_memory_max_usage_bytes", {
    root: [true, false],
    container: ["memoryPeak", "memoryPeak"],
  }),
  gauge("container_memory_working_set_bytes", EVERYBODY),
  gauge("container_memory_cache", EVERYBODY),
  gauge("container_memory_rss", EVERYBODY),
  gauge("container_memory_mapped_file", EVERYBODY),
  gauge("container_memory_swap", EVERYBODY),
  gauge("container_memory_total_active_file_bytes", EVERYBODY),
  gauge("container_memory_total_inactive_file_bytes", EVERYBODY),
  gauge("container_memory_kernel_usage", {
    root: [true, true],
    container: ["kernelMemory", "kernelMemory"],
  }),
  counter("container_memory_failcnt", NOT_V2_ROOT),
  counter("container_memory_failures_total", EVERYBODY, {
    labels: ["failure_type", "scope"],
    values: { failure_type: ["pgfault", "pgmajfault"], scope: ["container", "hierarchy"] },
  }),
  counter("container_memory_events_high_total", V2_CONTAINERS),
  counter("container_memory_events_max_total", V2_CONTAINERS),
  gauge("container_memory_file_dirty_bytes", EVERYBODY),
  gauge("container_memory_file_writeback_bytes", EVERYBODY),
  counter("container_memory_pgscan_total", V2),
  counter("container_memory_pgsteal_total", V2),
  counter("container_memory_workingset_refault_file_total", EVERYBODY),
  counter("container_memory_workingset_refault_anon_total", EVERYBODY),
]);

/** Where all its processes are open to the agent; those of the machine may not be. */
const OPEN: Owners = { root: ["maybe", "maybe"], container: [true, true] };

const HUGETLB: Owners = { root: [false, false], container: ["hugetlb", "hugetlb"] };

const moreMemory: readonly FamilyRow[] = [
  ...inGroup("cpuset", [
    gauge("container_memory_migrate", { root: [true, false], container: [true, false] }),
  ]),
  ...inGroup("memory_numa", [
    gauge(
      "container_memory_numa_pages",
      { root: ["numaStat", "numaStat"], container: ["numaStat", "numaStat"] },
      {
        labels: ["type", "scope", "node"],
        values: { type: ["file", "anon", "unevictable"] },
      },
    ),
  ]),
  ...inGroup("hugetlb", [
    gauge("container_hugetlb_usage_bytes", HUGETLB, { labels: ["pagesize"] }),
    gauge(
      "container_hugetlb_max_usage_bytes",
      { root: [false, false], container: ["hugetlbV1", false] },
      { labels: ["pagesize"] },
    ),
    counter("container_hugetlb_failcnt", HUGETLB, { labels: ["pagesize"] }),
  ]),
  ...inGroup("referenced_memory", [gauge("container_referenced_bytes", OPEN)]),
  ...inGroup(
    "resctrl",
    [
      "container_memory_bandwidth_bytes",
      "container_memory_bandwidth_local_bytes",
      "container_llc_occupancy_bytes",
    ].map((name) =>
      gauge(
        name,
        { root: ["resctrl", "resctrl"], container: ["resctrl", "resctrl"] },
        { labels: ["node_id"] },
      ),
    ),
  ),
];

const DEVICE = { labels: ["device"] };

const disk = inGroup("disk", [
  gauge("container_fs_limit_bytes", EVERYBODY, DEVICE),
  gauge("container_fs_usage_bytes", EVERYBODY, DEVICE),
  gauge("container_fs_inodes_total", EVERYBODY, DEVICE),
  // Of a container the free ones are the whole filesystem's.
  gauge("container_fs_inodes_free", ROOT, DEVICE),
]);

/** What v1 counts of a container only where a scheduler does, and v2 always. */
const COUNTED: Owners = { root: [true, true], container: ["bfq", true] };

/** What a container has only where the scheduler was built to debug it. */
const DEBUGGED: Owners = { root: [true, true], container: ["bfqTimes", false] };

const IO_COST: Owners = { root: [false, "ioCost"], container: [false, "ioCost"] };

const diskIo = inGroup("diskIO", [
  counter("container_fs_reads_bytes_total", COUNTED, DEVICE),
  counter("container_fs_writes_bytes_total", COUNTED, DEVICE),
  counter("container_fs_reads_total", COUNTED, DEVICE),
  counter("container_fs_writes_total", COUNTED, DEVICE),
  counter("container_fs_sector_reads_total", DEBUGGED, DEVICE),
  counter("container_fs_sector_writes_total", DEBUGGED, DEVICE),
  counter("container_fs_reads_merged_total", DEBUGGED, DEVICE),
  counter("container_fs_writes_merged_total", DEBUGGED, DEVICE),
  counter("container_fs_read_seconds_total", DEBUGGED, DEVICE),
  counter("container_fs_write_seconds_total", DEBUGGED, DEVICE),
  gauge("container_fs_io_current", DEBUGGED, DEVICE),
  counter("container_fs_io_time_seconds_total", DEBUGGED, DEVICE),
  counter("container_fs_io_time_weighted_seconds_total", ROOT, DEVICE),
  ...["usage", "wait", "indebt", "indelay"].map((what) =>
    counter(`container_fs_io_cost_${what}_seconds_total`, IO_COST, DEVICE),
  ),
  counter("container_blkio_device_usage_total", COUNTED, {
    labels: ["device", "major", "minor", "operation"],
  }),
]);

const NETWORK: Owners = { root: ["network", "network"], container: [true, true] };

const tcpStates = { labels: ["tcp_state"], values: { tcp_state: TCP_STATES } };
const UDP = ["listen", "dropped", "rxqueued", "txqueued"];
const udpStates = { labels: ["udp_state"], values: { udp_state: UDP } };

const network: readonly FamilyRow[] = [
  ...inGroup(
    "network",
    ["receive", "transmit"].flatMap((direction) =>
      ["bytes", "packets", "packets_dropped", "errors"].map((what) =>
        counter(`container_network_${direction}_${what}_total`, NETWORK, { labels: ["interface"] }),
      ),
    ),
  ),
  ...inGroup("tcp", [
    gauge("container_network_tcp_usage_total", EVERYBODY, tcpStates),
    gauge("container_network_tcp6_usage_total", EVERYBODY, tcpStates),
  ]),
  ...inGroup("udp", [
    gauge("container_network_udp_usage_total", EVERYBODY, udpStates),
    gauge("container_network_udp6_usage_total", EVERYBODY, udpStates),
  ]),
  ...inGroup("advtcp", [
    gauge("container_network_advance_tcp_stats_total", EVERYBODY, {
      labels: ["tcp_state"],
      // Linux 4.15 has taken this one away.
      values: { tcp_state: ADVANCED_TCP_STATES.filter((state) => state !== "tcpfackreorder") },
    }),
  ]),
];

const PRESSURE: Owners = {
  root: ["pressureOfAll", "pressureOfAll"],
  container: ["pressure", "pressure"],
};
const PERF: Owners = { root: ["perf", "perf"], container: ["perf", "perf"] };
const CORE = { labels: ["cpu", "event"] };
const UNCORE = { labels: ["socket", "event", "pmu"], isRare: true };

const rest: readonly FamilyRow[] = [
  ...inGroup("process", [
    gauge("container_processes", EVERYBODY),
    gauge("container_file_descriptors", OPEN),
    gauge("container_sockets", OPEN),
    // The first cgroup of a hierarchy has no such file.
    gauge("container_threads", CONTAINERS),
    gauge("container_threads_max", CONTAINERS),
    gauge("container_ulimits_soft", EVERYBODY, {
      labels: ["ulimit"],
      values: { ulimit: ["max_open_files"] },
    }),
  ]),
  ...inGroup(
    "pressure",
    ["cpu", "memory", "io"].flatMap((resource) =>
      ["waiting", "stalled"].map((how) =>
        counter(`container_pressure_${resource}_${how}_seconds_total`, PRESSURE),
      ),
    ),
  ),
  ...inGroup("oom_event", [counter("container_oom_events_total", EVERYBODY)]),
  ...inGroup("perf_event", [
    counter("container_perf_events_total", PERF, CORE),
    gauge("container_perf_events_scaling_ratio", PERF, CORE),
    counter("container_perf_uncore_events_total", PERF, UNCORE),
    gauge("container_perf_uncore_events_scaling_ratio", PERF, UNCORE),
  ]),
];

const ofMachine = (name: string, more: Partial<FamilyRow> = {}): FamilyRow =>
  other("machine", "gauge", name, more);

const machine: readonly FamilyRow[] = [
  ofMachine("machine_cpu_physical_cores"),
  ofMachine("machine_cpu_cores"),
  ofMachine("machine_cpu_sockets"),
  ofMachine("machine_cpu_books", { needs: "s390" }),
  ofMachine("machine_cpu_drawers", { needs: "s390" }),
  ofMachine("machine_memory_bytes"),
  ofMachine("machine_swap_bytes"),
  ofMachine("machine_dimm_count", { labels: ["type"], needs: "dimms" }),
  ofMachine("machine_dimm_capacity_bytes", { labels: ["type"], needs: "dimms" }),
  ofMachine("machine_nvm_capacity", { labels: ["mode"], needs: "persistentMemory" }),
  other("agent", "gauge", "machine_scrape_error"),
  ...inGroup("cpu_topology", [
    ofMachine("machine_cpu_cache_capacity_bytes", {
      labels: ["node_id", "core_id", "type", "level"],
      needs: "caches",
    }),
    ofMachine("machine_thread_siblings_count", { labels: ["node_id", "core_id", "thread_id"] }),
    ofMachine("machine_node_memory_capacity_bytes", { labels: ["node_id"] }),
    ofMachine("machine_node_hugepages_count", {
      labels: ["node_id", "page_size"],
      needs: "nodes",
    }),
    ofMachine("machine_node_distance", { labels: ["node_id", "target_node_id"], needs: "nodes" }),
  ]),
];

/**
 * Never on a page: the kernel does not tell it, and cAdvisor asks Intel's own library, or says 0.
 */
export const NOT_SHOWN: readonly string[] = ["machine_nvm_avg_power_budget_watts"];

/** Every family of cAdvisor's, with cAdvisor's names, types and labels. */
export const cadvisorFamilies: readonly FamilyRow[] = [
  ...always,
  ...cpu,
  ...load,
  ...memory,
  ...moreMemory,
  ...disk,
  ...diskIo,
  ...network,
  ...rest,
  ...machine,
];
