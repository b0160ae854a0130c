import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFiles } from "../cgroup/kernel-files.ts";
import { BlockDevices } from "./block-devices.ts";

const THROTTLE = "blkio.throttle";

/** Schedulers that keep books of their own, and what the names of those begin with. */
const SCHEDULERS: ReadonlyMap<string, string> = new Map([
  ["bfq", "blkio.bfq"],
  // Up to Linux 4.20.
  ["cfq", "blkio"],
]);

/** How often it is looked at again what is counted, in milliseconds. */
const CHECK_EVERY_MS = 10_000;

/** Of the disks that are in use, which the kernel counts by cgroup. */
export type Coverage = "none" | "some" | "all";

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function disksOf(sysRoot: string): string[] {
  const blocks = join(sysRoot, "block");
  try {
    return readdirSync(blocks).map((disk) => join(blocks, disk));
  } catch {
    return [];
  }
}

/** The books of the schedulers that some disk of the machine is scheduled by. */
function schedulerBooks(sysRoot: string): string[] {
  const inUse = disksOf(sysRoot).map((disk) => readText(join(disk, "queue", "scheduler")));
  return [...SCHEDULERS]
    .filter(([scheduler]) => inUse.some((text) => text.includes(`[${scheduler}]`)))
    .map(([, policy]) => policy);
}

/**
 * Whether a disk has done anything. A drive without a medium or an idle loop device has not; one
 * path of several to the same disk is hidden. https://docs.kernel.org/block/stat.html
 */
function isInUse(disk: string): boolean {
  if (readText(join(disk, "hidden")) === "1" || readText(join(disk, "size")) === "0") return false;
  const [reads, , , , writes] = readText(join(disk, "stat")).split(/\s+/).map(Number);
  return (reads ?? 0) + (writes ?? 0) > 0;
}

/**
 * Who counts block I/O in cgroup v1. A disk that bfq schedules is in bfq's own books, every other
 * one in the throttle policy's, which newer kernels keep for a disk only once it has got a limit.
 */
export class BlkioPolicies {
  /** Names of the policies whose files to read. */
  readonly policies: readonly string[];
  readonly devices: BlockDevices;
  readonly #files: KernelFiles;
  readonly #root: string | undefined;
  readonly #sysRoot: string;
  readonly #now: () => number;
  #coverage: Coverage = "none";
  #checkedAt = Number.NEGATIVE_INFINITY;

  /** @param now monotonic milliseconds */
  constructor(root: Cgroup, files: KernelFiles, sysRoot: string, now: () => number) {
    this.policies = [THROTTLE, ...schedulerBooks(sysRoot)];
    this.devices = new BlockDevices(sysRoot, now);
    const place = root.controller("blkio");
    this.#root = place?.version === 1 ? place.directory : undefined;
    this.#files = files;
    this.#sysRoot = sysRoot;
    this.#now = now;
  }

  /** Whether it is a scheduler that keeps these books: it may know more than bytes and operations. */
  isScheduler(policy: string): boolean {
    return policy !== THROTTLE;
  }

  /** What is counted now: only if that is all, a container without any I/O has really done none. */
  coverage(): Coverage {
    if (this.#root === undefined || this.#now() - this.#checkedAt < CHECK_EVERY_MS) {
      return this.#coverage;
    }
    this.#checkedAt = this.#now();
    const counted = this.#counted(this.#root);
    if (counted.size === 0) return (this.#coverage = "none");
    const isAll = disksOf(this.#sysRoot)
      .filter(isInUse)
      .every((disk) => counted.has(readText(join(disk, "dev"))));
    return (this.#coverage = isAll ? "all" : "some");
  }

  /** The machine's own cgroup has a line for each disk that is counted. */
  #counted(root: string): Set<string> {
    const devices = new Set<string>();
    for (const policy of this.policies) {
      if (!this.#files.readOnce(join(root, `${policy}.io_service_bytes_recursive`))) continue;
      const { bytes, length } = this.#files.text;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
      for (const [, device = ""] of text.matchAll(/^(\d+:\d+) /gm)) devices.add(device);
    }
    return devices;
  }
}
