import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";

import { MeasureError } from "./failure.ts";
import { type Mount, mountAt } from "./mountinfo.ts";
import type { MachineFilesystem } from "./usage.ts";

/** What a filesystem stands on, which tells how far it can be trusted to answer. */
export type Ground = "disk" | "memory" | "network";

/** A filesystem of the machine. */
export interface Partition {
  /** As cAdvisor has it: the mount's source, but memory by its mount point. */
  readonly label: string;
  /** `254:0` */
  readonly device: string;
  readonly point: string;
  readonly ground: Ground;
  /** Each mount of one filesystem has the number of that filesystem; a subvolume of btrfs has not. */
  readonly isChecked: boolean;
  /** cAdvisor's word for what it is. */
  readonly type: string;
}

/** Filesystems that have no block device of their own name. */
const POOLED = ["zfs", "btrfs", "bcachefs"];

/** Those that somebody else answers for. Of other `fuse.*` the kernel's `statfs` tells nothing of use. */
const NETWORK =
  /^(?:nfs4?|cifs|smb3|smbfs|9p|ceph|afs|lustre|gpfs|beegfs|virtiofs|fuse\.(?:sshfs|glusterfs|ceph|s3fs|rclone|juicefs))$/;

/** Memory that an engine or kubelet mounts for one container: there may be hundreds. */
const OF_CONTAINER = /[0-9a-f]{64}|\/pods\/[0-9a-f-]{36}\//;

/** The kind of ground under a mount; undefined if it is none of disks, memory or network. */
export function groundOf({ type, source, point }: Mount): Ground | undefined {
  if (NETWORK.test(type)) return "network";
  if (type === "tmpfs") return OF_CONTAINER.test(point) ? undefined : "memory";
  if (POOLED.includes(type)) return "disk";
  // The root of a live system; all others are containers.
  if (type === "overlay") return point === "/" ? "disk" : undefined;
  return source.startsWith("/dev/") ? "disk" : undefined;
}

/** The label of a mount's filesystem, cAdvisor's `device`. */
export function labelOf({ type, source, point, device }: Mount): string {
  if (type === "tmpfs") return point;
  return type === "overlay" ? `overlay_${device.replace(":", "-")}` : source;
}

/** cAdvisor knows three kinds apart; of a device mapper's it asks the mapper, which we don't. */
function kindOf({ type }: Mount): string {
  if (type === "zfs") return "zfs";
  return /^nfs4?$/.test(type) ? "nfs" : "vfs";
}

/** Each filesystem of the machine once, at the place that shows most of it. */
export function partitionsOf(mounts: readonly Mount[]): Partition[] {
  const devices = new Map<string, Mount>();
  for (const mount of mounts) {
    if (groundOf(mount) === undefined || mountAt(mounts, mount.point) !== mount) continue;
    const known = devices.get(mount.device);
    if (known === undefined || rank(mount) < rank(known)) devices.set(mount.device, mount);
  }
  const byLabel = new Map<string, Partition>();
  for (const mount of devices.values()) {
    const ground = groundOf(mount);
    const label = labelOf(mount);
    if (ground === undefined || byLabel.has(label)) continue;
    const { device, point } = mount;
    const isChecked = mount.type !== "btrfs";
    byLabel.set(label, { label, device, point, ground, isChecked, type: kindOf(mount) });
  }
  return [...byLabel.values()];
}

/** A whole filesystem before a part of it, then the shorter path. */
function rank({ root, point }: Mount): number {
  return (root === "/" ? 0 : 1e6) + point.length;
}

/** A device number as `stat` has it. https://man7.org/linux/man-pages/man3/makedev.3.html */
export function deviceNumber(device: string): number {
  const [major = Number.NaN, minor = Number.NaN] = device.split(":").map(Number);
  return (major % 4096) * 256 + (minor % 256) + Math.floor(minor / 256) * 2 ** 20;
}

/**
 * Asks the kernel how full a filesystem of the machine is.
 * @throws MeasureError if its mount can't be seen from here, and errors of the kernel
 */
export async function measurePartition(
  partition: Partition,
  prefix: string,
): Promise<MachineFilesystem> {
  const path = join(prefix, partition.point);
  if (partition.isChecked && (await stat(path)).dev !== deviceNumber(partition.device)) {
    throw new MeasureError("hidden", `${partition.point} is another filesystem here`);
  }
  const { label: device, point: mountpoint, type } = partition;
  return { device, mountpoint, type, ...(await readCapacity(path)) };
}

/** How full the filesystem of a path is. One that makes inodes as it needs them has no number of these. */
export async function readCapacity(
  path: string,
): Promise<Omit<MachineFilesystem, "device" | "mountpoint" | "type">> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return {
    usage: (blocks - bfree) * bsize,
    available: bavail * bsize,
    limit: blocks * bsize,
    inodes: files === 0 ? Number.NaN : files,
    inodesFree: files === 0 ? Number.NaN : ffree,
  };
}
