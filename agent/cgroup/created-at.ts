import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import type { Cgroup, ControllerDirectory } from "./cgroup.ts";

/** A file that each cgroup has and nobody writes to. */
const UNTOUCHED = { 1: "cgroup.clone_children", 2: "cgroup.events" } as const;

/** Unix seconds at which the kernel began; NaN if it does not tell. https://man7.org/linux/man-pages/man5/proc_stat.5.html */
export function readBootTime(procRoot: string): number {
  try {
    const seconds = /^btime (\d+)$/m.exec(readFileSync(join(procRoot, "stat"), "utf8"))?.[1];
    return Number(seconds ?? Number.NaN);
  } catch {
    return Number.NaN;
  }
}

function modifiedAt(path: string): number {
  const time = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return time === undefined ? Number.POSITIVE_INFINITY : time / 1000;
}

function timesOf({ directory, version }: ControllerDirectory): readonly number[] {
  return [modifiedAt(directory), modifiedAt(join(directory, UNTOUCHED[version]))];
}

/**
 * When a cgroup was made, as well as its files tell: Unix seconds, NaN if it is not there. To be
 * read once, early: the kernel dates what it has dropped from memory anew.
 * @param bootTime no cgroup is older; NaN = not known
 */
export function readCreatedAt(cgroup: Cgroup, bootTime: number): number {
  const earliest = Math.min(...cgroup.directories.flatMap(timesOf));
  if (!Number.isFinite(earliest)) return Number.NaN;
  return Number.isNaN(bootTime) ? earliest : Math.max(earliest, bootTime);
}
