import {
  CONTAINERS,
  counter,
  type FamilyRow,
  gauge,
  inGroup,
  other,
  type Owners,
} from "./family-row.ts";

const RARE = { isRare: true };

/** A sum over all disks: v1 counts only those with a certain scheduler. */
const DISK_IO: Owners = { root: [true, true], container: ["bfqOnly", true] };
const PRESSURE: Owners = {
  root: ["pressureOfAll", "pressureOfAll"],
  container: ["pressure", "pressure"],
};
const ALL: Owners = { root: [true, true], container: [true, true] };

const WINDOW: Readonly<Record<string, Owners>> = {
  cpu_cores: ALL,
  cpu_throttled_ratio: CONTAINERS,
  memory_working_set_bytes: ALL,
  processes: ALL,
  network_receive_bytes_per_second: ALL,
  network_transmit_bytes_per_second: ALL,
  fs_read_bytes_per_second: DISK_IO,
  fs_write_bytes_per_second: DISK_IO,
  pressure_cpu_some_ratio: PRESSURE,
  pressure_memory_some_ratio: PRESSURE,
  pressure_io_some_ratio: PRESSURE,
};

const window = Object.entries(WINDOW).map(([name, owners]) =>
  gauge(`plimsoll_window_${name}`, owners, {
    labels: ["stat"],
    values: { stat: ["min", "avg", "max", "p95"] },
  }),
);

const containers: readonly FamilyRow[] = [
  // Its labels are the container's own.
  gauge("container_info", CONTAINERS, { labels: ["runtime"] }),
  counter("container_events_total", CONTAINERS, { labels: ["type"], isRare: true }),
  ...inGroup("disk", [
    gauge("container_volume_usage_bytes", CONTAINERS, { labels: ["volume", "device"] }),
  ]),
];

const groups: readonly FamilyRow[] = [
  ...[
    "cpu_usage_seconds_total",
    "cpu_cfs_throttled_seconds_total",
    "oom_events_total",
    "network_receive_bytes_total",
    "network_transmit_bytes_total",
  ].map((name) => other("group", "counter", `container_group_${name}`)),
  ...["fs_reads_bytes_total", "fs_writes_bytes_total"].map((name) =>
    other("group", "counter", `container_group_${name}`, RARE),
  ),
  other("group", "counter", "container_group_memory_failures_total", { labels: ["failure_type"] }),
  other("group", "gauge", "container_group_memory_working_set_bytes"),
  other("group", "gauge", "container_group_containers"),
];

const own = (type: "counter" | "gauge", name: string, labels: readonly string[] = []): FamilyRow =>
  other("agent", type, `plimsoll_${name}`, { labels });

const rare = (name: string, labels: readonly string[]): FamilyRow =>
  other("agent", "counter", `plimsoll_agent_${name}`, { labels, isRare: true });

const agent: readonly FamilyRow[] = [
  own("counter", "agent_passes_total"),
  own("counter", "agent_missed_passes_total"),
  own("counter", "agent_pass_seconds_total"),
  own("counter", "agent_collector_seconds_total", ["collector"]),
  own("gauge", "agent_sampling_delay_seconds"),
  own("gauge", "agent_cgroups"),
  own("counter", "agent_reads_total"),
  own("gauge", "agent_open_files"),
  own("gauge", "agent_runtime_state", ["runtime", "state"]),
  own("gauge", "agent_kmsg_readable", ["reason"]),
  own("counter", "agent_kmsg_records_total"),
  own("counter", "agent_kmsg_overruns_total"),
  own("counter", "agent_oom_kills_unnamed_total"),
  own("counter", "agent_oom_kills_unexplained_total"),
  own("counter", "agent_events_total"),
  own("gauge", "agent_events_kept"),
  own("gauge", "agent_events_bytes"),
  own("gauge", "agent_events_waiting"),
  own("counter", "agent_events_lost_total"),
  own("counter", "agent_events_broken_lines_total"),
  own("gauge", "agent_events_subscribers"),
  own("counter", "agent_filesystem_walks_total"),
  own("counter", "agent_filesystem_entries_total"),
  own("counter", "agent_filesystem_walk_seconds_total"),
  own("gauge", "agent_filesystem_waiting"),
  own("gauge", "agent_filesystem_oldest_result_seconds"),
  rare("failures_total", ["reason"]),
  rare("runtime_failures_total", ["runtime", "reason"]),
  rare("absences_total", ["collector", "reason"]),
  rare("filesystem_failures_total", ["reason"]),
  rare("app_scrapes_total", ["result"]),
  rare("app_series_dropped_total", ["reason"]),
  own("gauge", "build_info", ["version"]),
  own("counter", "config_reloads_total", ["result"]),
  own("gauge", "config_last_reload_successful"),
];

const process = (
  type: FamilyRow["type"],
  name: string,
  labels: readonly string[] = [],
): FamilyRow => other("agent", type, name, { labels });

const program: readonly FamilyRow[] = [
  process("counter", "process_cpu_user_seconds_total"),
  process("counter", "process_cpu_system_seconds_total"),
  process("counter", "process_cpu_seconds_total"),
  process("gauge", "process_start_time_seconds"),
  process("gauge", "process_resident_memory_bytes"),
  process("gauge", "process_virtual_memory_bytes"),
  process("gauge", "process_heap_bytes"),
  process("gauge", "process_open_fds"),
  process("gauge", "process_max_fds"),
  process("gauge", "nodejs_eventloop_lag_seconds"),
  process("gauge", "nodejs_active_resources", ["type"]),
  process("gauge", "nodejs_active_handles", ["type"]),
  other("agent", "gauge", "nodejs_active_requests", { labels: ["type"], isRare: true }),
  process("gauge", "nodejs_heap_size_total_bytes"),
  process("gauge", "nodejs_heap_size_used_bytes"),
  process("gauge", "nodejs_external_memory_bytes"),
  process("gauge", "nodejs_heap_space_size_total_bytes", ["space"]),
  process("gauge", "nodejs_heap_space_size_used_bytes", ["space"]),
  process("gauge", "nodejs_heap_space_size_available_bytes", ["space"]),
  process("gauge", "nodejs_version_info", ["version", "major", "minor", "patch"]),
  process("histogram", "nodejs_gc_duration_seconds", ["kind"]),
];

/** Every family that is ours alone. */
export const ownFamilies: readonly FamilyRow[] = [
  ...window,
  ...containers,
  ...groups,
  ...agent,
  ...program,
];
