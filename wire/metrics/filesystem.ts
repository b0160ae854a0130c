import type { Metric, Series, Stat } from "./metric.ts";

const usage: Metric = { name: "fs_usage_bytes", type: "gauge", group: "disk", scale: 1 };

/** Disk in use: a container's writable layer and log, the machine's disks. */
export const filesystemMetrics: Readonly<Record<"usage", Metric>> = { usage };

function gauge(name: string, help: string, per: readonly string[]): Series {
  return { type: "gauge", group: "disk", scale: 1, family: { name, help }, per };
}

/** The same filesystem by filesystem, then volume by volume. */
export const filesystemSeries: readonly Series[] = [
  gauge(
    "container_fs_usage_bytes",
    "Disk in use: of a container its writable layer and its log, in bytes.",
    ["device"],
  ),
  gauge("container_fs_limit_bytes", "What the whole filesystem can hold, in bytes.", ["device"]),
  gauge(
    "container_fs_inodes_total",
    "Inodes: of a container those that it uses, of the machine all that there can be.",
    ["device"],
  ),
  gauge("container_fs_inodes_free", "Inodes of the machine that are free.", ["device"]),
  gauge(
    "container_volume_usage_bytes",
    "Disk in use in a named volume that the container has, in bytes.",
    ["volume", "device"],
  ),
];

/** What `/stats` says of filesystems. */
export const filesystemStats: readonly Stat[] = [
  {
    name: "fs_usage_bytes",
    unit: "bytes",
    help: "Disk in use: of a container its writable layer and its log, of the machine its disks.",
    rollUp: "sum",
    from: { kind: "value", of: usage },
    heapster: "filesystem/usage",
  },
];
