import type { Cgroup } from "../cgroup/cgroup.ts";

/** What one filesystem holds of a container, or of the machine; NaN = not known. */
export interface FilesystemUsage {
  /** Where it is mounted from (`/dev/sda1`, `server:/export`); memory by the path it is mounted at. */
  readonly device: string;
  /** Bytes of disk in use. */
  readonly usage: number;
  /** Bytes that the whole filesystem can hold. */
  readonly limit: number;
  /** Of a container those that it uses, of the machine all that there can be. */
  readonly inodes: number;
  readonly inodesFree: number;
}

/** A filesystem of the machine. */
export interface MachineFilesystem extends FilesystemUsage {
  /** Where it is mounted. */
  readonly mountpoint: string;
  /** cAdvisor's word: `vfs`, `zfs`, `nfs`. */
  readonly type: string;
  /** Bytes that those who are not root may still use. */
  readonly available: number;
}

/** What a named volume holds, in bytes of disk. */
export interface VolumeUsage {
  readonly volume: string;
  readonly device: string;
  readonly usage: number;
}

/** The result of one measurement. A new one is a new object. */
export interface Measured {
  /** Bytes in all: of the machine its disks, without memory and without the network's. */
  readonly usage: number;
  readonly filesystems: readonly FilesystemUsage[];
  readonly volumes: readonly VolumeUsage[];
}

/** A cgroup whose filesystems are being measured, away from the sampling path. */
export interface Watch {
  /** The newest result; undefined while there is none, or none any more. */
  readonly latest: Measured | undefined;
  /** Tells that its processes have run, so that what was measured may have changed. */
  stir(): void;
  /** Ends it. */
  close(): void;
}

/** Measures the filesystems of cgroups. */
export interface UsageSource {
  /** Begins with a cgroup; undefined if it is neither the machine nor an engine's container. */
  watch(cgroup: Cgroup): Watch | undefined;
}

/** For where nothing is to be measured. */
export const noUsage: UsageSource = { watch: () => undefined };
