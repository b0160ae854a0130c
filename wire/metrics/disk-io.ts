import type { Metric, Stat } from "./metric.ts";

function perDevice(name: string, family: string, help: string): Metric {
  return {
    name,
    type: "counter",
    group: "diskIO",
    scale: 1,
    family: { name: family, help },
    per: "device",
  };
}

const readBytes = perDevice(
  "fs_read_bytes",
  "container_fs_reads_bytes_total",
  "Bytes read from the device.",
);

const writtenBytes = perDevice(
  "fs_write_bytes",
  "container_fs_writes_bytes_total",
  "Bytes written to the device.",
);

const reads = perDevice("fs_reads", "container_fs_reads_total", "Reads from the device.");

const writes = perDevice("fs_writes", "container_fs_writes_total", "Writes to the device.");

/** Block I/O of one cgroup, device by device. */
export const diskIoMetrics: Readonly<
  Record<"readBytes" | "writtenBytes" | "reads" | "writes", Metric>
> = { readBytes, writtenBytes, reads, writes };

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
