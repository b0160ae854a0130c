import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { codeOf, messageOf } from "../../lib/errors.ts";
import { type Cgroup, type ControllerDirectory, taskListOf } from "../cgroup/cgroup.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type { Absences } from "./absences.ts";

/** Our groups among all others. */
const MARK = "plimsoll-";

/** What groups are kept with. */
export interface ResctrlParts {
  /** `/sys/fs/resctrl` */
  readonly root: string;
  readonly procRoot: string;
  /** How often tasks are looked for that do not belong to their container's group yet. */
  readonly intervalMs: number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly absences: Absences;
  /** Makes a group; the kernel puts its files into a folder that is made there. */
  readonly make: (directory: string) => void;
  /** Removes a group, with its files. */
  readonly remove: (directory: string) => void;
}

/** Where the kernel counts for one container. */
export interface MonitoredGroup {
  readonly directory: string;
  /** Made by somebody else, whose measurements ours must not disturb. */
  readonly isForeign: boolean;
}

function linesOf(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

function namesIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/**
 * The groups of a task as `/proc/<tid>/cpu_resctrl_groups` has them: `res:/group0` and `mon:name`, either
 * may be empty. https://docs.kernel.org/filesystems/resctrl.html
 */
export function parseTaskGroups(text: string): { control: string; monitor: string } {
  return {
    control: /^res:\/?(.*)$/m.exec(text)?.[1]?.trim() ?? "",
    monitor: /^mon:(.*)$/m.exec(text)?.[1]?.trim() ?? "",
  };
}

/** The tasks of a container: of its cgroup and of all below it, but for containers of its own. */
function tasksBelow(place: ControllerDirectory): string[] {
  const tasks = linesOf(taskListOf(place));
  for (const name of namesIn(place.directory)) {
    if (engineIdOf(`/${name}`) !== undefined) continue;
    tasks.push(...tasksBelow({ ...place, directory: join(place.directory, name) }));
  }
  return tasks;
}

/** Keeps a monitoring group for each container, with all of its tasks. */
export class ResctrlGroups {
  readonly root: string;
  readonly intervalMs: number;
  readonly monotonic: () => number;
  readonly #parts: ResctrlParts;

  /** Whether this machine has something to measure; where not, it says why. */
  static isAvailable({ root, absences }: Pick<ResctrlParts, "root" | "absences">): boolean {
    if (existsSync(join(root, "mon_data"))) return true;
    const detail = existsSync(join(root, "tasks"))
      ? "this processor does not monitor its caches (no L3_MON)"
      : `the file system resctrl is not mounted at ${root}, or this processor does not have it`;
    absences.add({ collector: "resctrl", what: "all", reason: "unsupported", detail });
    return false;
  }

  constructor(parts: ResctrlParts) {
    this.#parts = parts;
    this.root = parts.root;
    this.intervalMs = parts.intervalMs;
    this.monotonic = parts.monotonic;
    this.#removeOld();
  }

  /** The group of a container, made if need be; undefined for what is no container, or if it can't be had. */
  open(cgroup: Cgroup): MonitoredGroup | undefined {
    if (cgroup.id === "/") return { directory: this.root, isForeign: true };
    const id = engineIdOf(cgroup.id);
    if (id === undefined) return undefined;
    try {
      const tasks = this.#tasksOf(cgroup);
      const [first] = tasks;
      return first === undefined ? undefined : this.#openFor(id, first, tasks);
    } catch (error) {
      this.#tell(error);
      return undefined;
    }
  }

  /** Takes in the tasks that have come by another way than being forked. */
  adopt(cgroup: Cgroup, { directory, isForeign }: MonitoredGroup): void {
    if (isForeign) return;
    try {
      this.#move(this.#tasksOf(cgroup), directory);
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Its tasks go back to the group that it was made in. */
  close({ directory, isForeign }: MonitoredGroup): void {
    if (isForeign) return;
    try {
      this.#parts.remove(directory);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") this.#tell(error);
    }
  }

  #openFor(id: string, first: string, tasks: readonly string[]): MonitoredGroup {
    const { control, monitor } = this.#groupsOf(first);
    const parent = join(this.root, control, "mon_groups");
    const isForeign = monitor !== "" && monitor !== MARK + id;
    const directory = join(parent, isForeign ? monitor : MARK + id);
    if (isForeign) return { directory, isForeign };
    // EEXIST: the cgroup was made anew before its group went.
    if (!existsSync(directory)) this.#parts.make(directory);
    this.#move(tasks, directory);
    return { directory, isForeign };
  }

  #groupsOf(task: string): { control: string; monitor: string } {
    try {
      return parseTaskGroups(
        readFileSync(join(this.#parts.procRoot, task, "cpu_resctrl_groups"), "utf8"),
      );
    } catch {
      // Kernels before 5.6 do not tell; without control groups it is the root's anyway.
      return { control: "", monitor: "" };
    }
  }

  #tasksOf({ directories }: Cgroup): string[] {
    for (const place of directories) {
      if (!existsSync(place.directory)) continue;
      const tasks = tasksBelow(place);
      if (tasks.length > 0) return tasks;
    }
    return [];
  }

  #move(tasks: readonly string[], directory: string): void {
    const file = join(directory, "tasks");
    const there = new Set(linesOf(file));
    for (const task of tasks) {
      if (there.has(task)) continue;
      try {
        appendFileSync(file, `${task}\n`);
      } catch (error) {
        // It has ended meanwhile; EINVAL: it has been put into another control group.
        if (codeOf(error) !== "ESRCH" && codeOf(error) !== "EINVAL") throw error;
      }
    }
  }

  /** Groups of containers that went while nobody looked; the kernel has few to give. */
  #removeOld(): void {
    try {
      for (const control of ["", ...namesIn(this.root)]) {
        const parent = join(this.root, control, "mon_groups");
        if (!existsSync(parent)) continue;
        for (const name of namesIn(parent).filter((one) => one.startsWith(MARK))) {
          this.close({ directory: join(parent, name), isForeign: false });
        }
      }
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    const isFull = codeOf(error) === "ENOSPC";
    const detail = isFull
      ? "the processor can monitor no more groups (info/L3_MON/num_rmids)"
      : messageOf(error);
    const reason = isFull ? "limit" : "refused";
    this.#parts.absences.add({ collector: "resctrl", what: "some containers", reason, detail });
  }
}
