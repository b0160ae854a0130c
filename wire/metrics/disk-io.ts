import type { Metric, Series, Stat } from "./metric.ts";

function column(name: string): Metric {
  return { name, type: "counter", group: "diskIO", scale: 1 };
}

const readBytes = column("fs_read_bytes");
const writtenBytes = column("fs_write_bytes");
const reads = column("fs_reads");
const writes = column("fs_writes");

/** Block I/O of one cgroup, all devices together. */
export const diskIoMetrics: Readonly<
  Record<"readBytes" | "writtenBytes" | "reads" | "writes", Metric>
> = { readBytes, writtenBytes, reads, writes };

// Kernels measure time in ns, µs or ms, by file: collectors hand it out in seconds.
function perDevice(name: string, help: string, type: Series["type"] = "counter"): Series {
  const family = { name: `container_fs_${name}`, help };
  return { type, group: "diskIO", scale: 1, family, per: ["device"] };
}

function ioCost(name: string, help: string): Series {
  return perDevice(`io_cost_${name}_seconds_total`, help);
}

const usage: Series = {
  type: "counter",
  group: "diskIO",
  scale: 1,
  family: {
    name: "container_blkio_device_usage_total",
    help: "Bytes moved from and to the device, by kind of operation.",
  },
  per: ["device", "major", "minor", "operation"],
};

/** A number of block I/O; some are also columns, all devices together. */
export type DiskNumber =
  | keyof typeof diskIoMetrics
  | "readsMerged"
  | "writesMerged"
  | "sectorsRead"
  | "sectorsWritten"
  | "readSeconds"
  | "writeSeconds"
  | "inProgress"
  | "busySeconds"
  | "weightedSeconds"
  | "costUsage"
  | "costWait"
  | "costIndebt"
  | "costIndelay"
  | "usage";

/** The same device by device, and what only some kernels know of a device. */
export const diskNumbers: Readonly<Record<DiskNumber, Series>> = {
  // The first, so that the values of one kind of operation are this one alone.
  usage,
  readBytes: perDevice("reads_bytes_total", "Bytes read from the device."),
  writtenBytes: perDevice("writes_bytes_total", "Bytes written to the device."),
  reads: perDevice("reads_total", "Reads from the device."),
  writes: perDevice("writes_total", "Writes to the device."),
  readsMerged: perDevice("reads_merged_total", "Reads that were joined with another."),
  writesMerged: perDevice("writes_merged_total", "Writes that were joined with another."),
  sectorsRead: perDevice("sector_reads_total", "Sectors of 512 bytes read from the device."),
  sectorsWritten: perDevice("sector_writes_total", "Sectors of 512 bytes written to the device."),
  readSeconds: perDevice("read_seconds_total", "Time that reads took, those at once added up."),
  writeSeconds: perDevice("write_seconds_total", "Time that writes took, those at once added up."),
  inProgress: perDevice("io_current", "Operations that are waiting or under way.", "gauge"),
  busySeconds: perDevice("io_time_seconds_total", "Time spent doing I/O."),
  weightedSeconds: perDevice(
    "io_time_weighted_seconds_total",
    "Time spent doing I/O, times the operations that were waiting or under way.",
  ),
  costUsage: ioCost("usage", "Time of the device used, as the io.cost controller reckons it."),
  costWait: ioCost("wait", "Time that I/O waited for its budget of io.cost."),
  costIndebt: ioCost("indebt", "Time in debt to io.cost for I/O that could not wait."),
  costIndelay: ioCost("indelay", "Time that tasks were delayed to pay a debt to io.cost."),
};

/** They in the order in which collectors hand them out. */
export const diskIoSeries: readonly Series[] = Object.values(diskNumbers);

/** Where a number stands among the values of a device. */
export function placeOf(number: DiskNumber): number {
  return diskIoSeries.indexOf(diskNumbers[number]);
}

/** What `/stats` says of block I/O, all devices together. */
export const diskIoStats: readonly Stat[] = [
  {
    name: "fs_read_bytes_per_second",
    unit: "bytes per second",
    help: "Bytes read from block devices.",
    rollUp: "sum",
    from: { kind: "rate", of: readBytes },
    heapster: "disk/io_read_bytes_rate",
  },
  {
    name: "fs_write_bytes_per_second",
    unit: "bytes per second",
    help: "Bytes written to block devices.",
    rollUp: "sum",
    from: { kind: "rate", of: writtenBytes },
    heapster: "disk/io_write_bytes_rate",
  },
  {
    name: "fs_reads_per_second",
    unit: "per second",
    help: "Reads from block devices.",
    rollUp: "sum",
    from: { kind: "rate", of: reads },
  },
  {
    name: "fs_writes_per_second",
    unit: "per second",
    help: "Writes to block devices.",
    rollUp: "sum",
    from: { kind: "rate", of: writes },
  },
];
