import { join } from "node:path";

import { namesIn, readNumber, readText } from "./sysfs.ts";

/** A disk of the machine, partitions not counted. */
export interface Disk {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
  readonly sizeBytes: number;
  /** The I/O scheduler at work; `none` where there is no choice. */
  readonly scheduler: string;
}

const SECTOR_BYTES = 512;

/** No disks of the machine's own: files, memory, and what is put into a drive. */
const IGNORED = /^(?:loop|ram|sr)\d+$/;

function readDisk(directory: string, name: string): Disk | undefined {
  const [, major, minor] = /^(\d+):(\d+)$/.exec(readText(join(directory, "dev"))) ?? [];
  const sectors = readNumber(join(directory, "size"));
  // A path of a multipath disk has no number of its own.
  if (major === undefined || minor === undefined || sectors === undefined) return undefined;
  const schedulers = readText(join(directory, "queue/scheduler"));
  return {
    name,
    major: Number(major),
    minor: Number(minor),
    sizeBytes: sectors * SECTOR_BYTES,
    scheduler: /\[(.+)\]/.exec(schedulers)?.[1] ?? "none",
  };
}

/** The disks that `/sys/block` lists. https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-block */
export function readDisks(sysRoot: string): Disk[] {
  const block = join(sysRoot, "block");
  return namesIn(block)
    .filter((name) => !IGNORED.test(name))
    .flatMap((name) => readDisk(join(block, name), name) ?? []);
}
