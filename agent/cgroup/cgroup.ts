import { join } from "node:path";

import type { Hierarchies, Hierarchy } from "./hierarchy.ts";

/** Where one controller keeps the files of a cgroup. */
export interface ControllerDirectory {
  readonly version: 1 | 2;
  readonly directory: string;
}

/** Where the kernel lists the tasks, that is the threads, of the cgroup of a directory itself. */
export function taskListOf({ version, directory }: ControllerDirectory): string {
  return join(directory, version === 1 ? "tasks" : "cgroup.threads");
}

/** One cgroup, seen as one whether its host has v1 or v2. */
export interface Cgroup {
  /** Absolute path from the root of the hierarchies; `/` is the machine. */
  readonly id: string;
  /** Where a controller's files are; undefined if this host has no such controller. */
  controller(name: string): ControllerDirectory | undefined;
  /** Every directory of it, one for each hierarchy. */
  readonly directories: readonly ControllerDirectory[];
}

function place({ version, directory }: Hierarchy, id: string): ControllerDirectory {
  return { version, directory: join(directory, id) };
}

/** Looks at the cgroup of a path. Nothing is read yet. */
export function cgroupAt(hierarchies: Hierarchies, id: string): Cgroup {
  const { all, mode } = hierarchies;
  return {
    id,
    directories: all.map((hierarchy) => place(hierarchy, id)),
    controller(name) {
      // In v2 a controller may be off at the root's children though the host has it, and `cpu.stat`
      // is there even where `cpu` is off: only the file itself tells.
      const hierarchy =
        mode === "v2" ? all[0] : all.find((candidate) => candidate.controllers.has(name));
      return hierarchy === undefined ? undefined : place(hierarchy, id);
    },
  };
}
