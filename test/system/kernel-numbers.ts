/**
 * The numbers that the agent must have, taken from the kernel's own files by other code than the
 * agent's: column by column, for cgroup v1 and v2.
 */

/** What the kernel's files hold, by their names; `net/dev` is that of the cgroup's own network. */
export type KernelTexts = Readonly<Record<string, string>>;

/** What is read of a cgroup of v1, by controller. */
export const V1_FILES: Readonly<Record<string, readonly string[]>> = {
  cpuacct: ["cpuacct.usage", "cpuacct.stat"],
  cpu: ["cpu.stat", "cpu.cfs_quota_us"],
  memory: [
    "memory.usage_in_bytes",
    "memory.max_usage_in_bytes",
    "memory.stat",
    "memory.oom_control",
  ],
  pids: ["pids.current", "cgroup.procs"],
  blkio: [
    "blkio.throttle.io_service_bytes_recursive",
    "blkio.throttle.io_serviced_recursive",
    "blkio.bfq.io_service_bytes_recursive",
    "blkio.bfq.io_serviced_recursive",
  ],
};

/** What is read of a cgroup of v2, by controller. */
export const V2_FILES: Readonly<Record<string, readonly string[]>> = {
  cpu: ["cpu.stat", "cpu.max", "cpu.pressure"],
  memory: [
    "memory.current",
    "memory.peak",
    "memory.stat",
    "memory.events",
    "memory.swap.current",
    "memory.pressure",
  ],
  pids: ["pids.current", "cgroup.procs"],
  io: ["io.stat", "io.pressure"],
};

/** Raw numbers by the name of their column, and device by device; what can't be known is left out. */
export interface KernelNumbers {
  readonly columns: Readonly<Record<string, number>>;
  readonly labelled: readonly LabelledNumber[];
}

/** One number of a device or an interface. */
export interface LabelledNumber {
  readonly column: string;
  readonly label: "device" | "interface";
  readonly value: string;
  readonly number: number;
}

type Numbers = Record<string, number | undefined>;

function single(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+\n?$/.test(text) ? undefined : Number(text);
}

function keyed(text: string | undefined, key: string, scale = 1): number | undefined {
  const found = new RegExp(`^${key} (\\d+)$`, "m").exec(text ?? "")?.[1];
  return found === undefined ? undefined : Number(found) * scale;
}

function lines(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.trimEnd().split("\n");
}

function workingSet(usage: number | undefined, inactive: number | undefined): number | undefined {
  return usage === undefined || inactive === undefined ? undefined : Math.max(0, usage - inactive);
}

function tasks(texts: KernelTexts): Numbers {
  return { processes: lines(texts["cgroup.procs"]).length, threads: single(texts["pids.current"]) };
}

function v1Columns(texts: KernelTexts): Numbers {
  // cpuacct.stat counts in hundredths of a second, the others in nanoseconds.
  const [stat, cpu] = [texts["memory.stat"], texts["cpu.stat"]];
  const hasQuota = Number(texts["cpu.cfs_quota_us"]) > 0;
  const usage = single(texts["memory.usage_in_bytes"]);
  return {
    cpu_usage_nanoseconds: single(texts["cpuacct.usage"]),
    cpu_user_nanoseconds: keyed(texts["cpuacct.stat"], "user", 1e7),
    cpu_system_nanoseconds: keyed(texts["cpuacct.stat"], "system", 1e7),
    cpu_periods: hasQuota ? keyed(cpu, "nr_periods") : undefined,
    cpu_throttled_periods: hasQuota ? keyed(cpu, "nr_throttled") : undefined,
    cpu_throttled_nanoseconds: hasQuota ? keyed(cpu, "throttled_time") : undefined,
    memory_usage_bytes: usage,
    memory_max_usage_bytes: single(texts["memory.max_usage_in_bytes"]),
    memory_working_set_bytes: workingSet(usage, keyed(stat, "total_inactive_file")),
    memory_rss_bytes: keyed(stat, "total_rss"),
    memory_cache_bytes: keyed(stat, "total_cache"),
    memory_mapped_file_bytes: keyed(stat, "total_mapped_file"),
    memory_swap_bytes: keyed(stat, "total_swap"),
    memory_active_file_bytes: keyed(stat, "total_active_file"),
    memory_inactive_file_bytes: keyed(stat, "total_inactive_file"),
    memory_faults: keyed(stat, "total_pgfault"),
    memory_major_faults: keyed(stat, "total_pgmajfault"),
    memory_oom_kills: keyed(texts["memory.oom_control"], "oom_kill"),
    ...tasks(texts),
  };
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=12`, and a second line for `full`. */
function pressures(texts: KernelTexts): Numbers {
  const cells = ["cpu", "memory", "io"].flatMap((resource) =>
    ["some", "full"].map((who) => {
      const line = new RegExp(`^${who} .*total=(\\d+)$`, "m");
      const total = line.exec(texts[`${resource}.pressure`] ?? "")?.[1];
      return [
        `pressure_${resource}_${who}_microseconds`,
        total === undefined ? undefined : Number(total),
      ] as const;
    }),
  );
  return Object.fromEntries(cells);
}

function v2Columns(texts: KernelTexts): Numbers {
  const [stat, cpu] = [texts["memory.stat"], texts["cpu.stat"]];
  const hasQuota = /^\d/.test(texts["cpu.max"] ?? "");
  const usage = single(texts["memory.current"]);
  return {
    cpu_usage_nanoseconds: keyed(cpu, "usage_usec", 1000),
    cpu_user_nanoseconds: keyed(cpu, "user_usec", 1000),
    cpu_system_nanoseconds: keyed(cpu, "system_usec", 1000),
    cpu_periods: hasQuota ? keyed(cpu, "nr_periods") : undefined,
    cpu_throttled_periods: hasQuota ? keyed(cpu, "nr_throttled") : undefined,
    cpu_throttled_nanoseconds: hasQuota ? keyed(cpu, "throttled_usec", 1000) : undefined,
    memory_usage_bytes: usage,
    memory_max_usage_bytes: single(texts["memory.peak"]),
    memory_working_set_bytes: workingSet(usage, keyed(stat, "inactive_file")),
    memory_rss_bytes: keyed(stat, "anon"),
    memory_cache_bytes: keyed(stat, "file"),
    memory_mapped_file_bytes: keyed(stat, "file_mapped"),
    memory_swap_bytes: single(texts["memory.swap.current"]),
    memory_active_file_bytes: keyed(stat, "active_file"),
    memory_inactive_file_bytes: keyed(stat, "inactive_file"),
    memory_faults: keyed(stat, "pgfault"),
    memory_major_faults: keyed(stat, "pgmajfault"),
    memory_oom_kills: keyed(texts["memory.events"], "oom_kill"),
    ...tasks(texts),
    ...pressures(texts),
  };
}

/** `254:0 rbytes=1 wbytes=2 rios=3 wios=4 …`, a line for each device. */
function v2Devices(texts: KernelTexts): LabelledNumber[] {
  const columns = {
    fs_read_bytes: "rbytes",
    fs_write_bytes: "wbytes",
    fs_reads: "rios",
    fs_writes: "wios",
  };
  return lines(texts["io.stat"])
    .filter((line) => line.includes("="))
    .flatMap((line) =>
      Object.entries(columns).map(([column, key]) => ({
        column,
        label: "device" as const,
        value: line.split(" ")[0] ?? "",
        number: Number(new RegExp(`\\b${key}=(\\d+)`).exec(line)?.[1]),
      })),
    );
}

/** `7:0 Read 4096`, in two files of the policy that counts. */
function v1Devices(texts: KernelTexts): LabelledNumber[] {
  const files = {
    fs_read_bytes: ["io_service_bytes_recursive", "Read"],
    fs_write_bytes: ["io_service_bytes_recursive", "Write"],
    fs_reads: ["io_serviced_recursive", "Read"],
    fs_writes: ["io_serviced_recursive", "Write"],
  } as const;
  return Object.entries(files).flatMap(([column, [file, operation]]) =>
    ["throttle", "bfq"].flatMap((policy) =>
      lines(texts[`blkio.${policy}.${file}`]).flatMap((line) => {
        const [value = "", name, number] = line.split(" ");
        const label = "device" as const;
        return name === operation ? [{ column, label, value, number: Number(number) }] : [];
      }),
    ),
  );
}

/** Columns of `net/dev` counted from the interface's name, as its head has them. */
const NET_FIELDS = {
  network_receive_bytes: 1,
  network_receive_packets: 2,
  network_receive_errors: 3,
  network_receive_dropped: 4,
  network_transmit_bytes: 9,
  network_transmit_packets: 10,
  network_transmit_errors: 11,
  network_transmit_dropped: 12,
};

function interfaces(texts: KernelTexts): LabelledNumber[] {
  return (
    lines(texts["net/dev"])
      .slice(2)
      .map((line) => line.trim().split(/[\s:]+/))
      // A virtual cable's end on the machine carries what its other end in a container is told of.
      .filter(([name = ""]) => !/^(?:lo$|veth|docker)/.test(name))
      .flatMap((fields) =>
        Object.entries(NET_FIELDS).map(([column, field]) => ({
          column,
          label: "interface" as const,
          value: fields[0] ?? "",
          number: Number(fields[field]),
        })),
      )
  );
}

function sums(labelled: readonly LabelledNumber[], columns: readonly string[]): Numbers {
  return Object.fromEntries(
    columns.map((column) => [
      column,
      labelled.filter((one) => one.column === column).reduce((sum, { number }) => sum + number, 0),
    ]),
  );
}

const DISK_COLUMNS = ["fs_read_bytes", "fs_write_bytes", "fs_reads", "fs_writes"];

/** The disks of a machine. */
export interface Disks {
  /** `/dev/vda` by `254:0`. */
  readonly names: Readonly<Record<string, string>>;
  /** False where the kernel leaves some of them out of its count: then there are no sums. */
  readonly areAllCounted: boolean;
}

/** What the agent must say of a cgroup whose files hold these texts. */
export function kernelNumbers(version: 1 | 2, texts: KernelTexts, disks: Disks): KernelNumbers {
  const devices = (version === 1 ? v1Devices(texts) : v2Devices(texts)).map((one) => ({
    ...one,
    value: disks.names[one.value] ?? one.value,
  }));
  const traffic = interfaces(texts);
  const columns = {
    ...(version === 1 ? v1Columns(texts) : v2Columns(texts)),
    ...(disks.areAllCounted ? sums(devices, DISK_COLUMNS) : {}),
    ...(texts["net/dev"] === undefined ? {} : sums(traffic, Object.keys(NET_FIELDS))),
  };
  const known = Object.entries(columns).filter(([, value]) => value !== undefined);
  return {
    columns: Object.fromEntries(known) as Record<string, number>,
    labelled: [...devices, ...traffic],
  };
}
