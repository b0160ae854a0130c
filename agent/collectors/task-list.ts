import { join } from "node:path";

import type { KernelFiles } from "../cgroup/kernel-files.ts";
import { parseList, type Text } from "../cgroup/parse.ts";

/** Counts by state, in the order of `TASK_STATES`. */
const [SLEEPING, RUNNING, STOPPED, UNINTERRUPTIBLE] = [0, 1, 2, 3];

/** The letters of `/proc/<tid>/stat`; others are of tasks that have ended, or are idle kernel threads. */
const PLACES: Readonly<Record<string, number | undefined>> = {
  S: SLEEPING,
  R: RUNNING,
  T: STOPPED,
  t: STOPPED,
  D: UNINTERRUPTIBLE,
};

const CLOSING = 41;

/** The state in a `/proc/<tid>/stat`: the letter behind the name, which may itself hold brackets. */
export function parseState({ bytes, length }: Text): string {
  const end = bytes.lastIndexOf(CLOSING, length - 1);
  return end === -1 || end + 2 >= length ? "" : String.fromCharCode(bytes[end + 2] ?? 0);
}

/**
 * The numbers in the lists of a cgroup; undefined if the first, its own, can't be read. Another that
 * can't has gone meanwhile, and has none.
 */
export function readLists(
  [own = "", ...inner]: readonly string[],
  files: KernelFiles,
): number[] | undefined {
  // Not kept open: v1 shows through an open file, for a second after each read, the old list.
  if (!files.readOnce(own, true)) return undefined;
  const tasks = parseList(files.text);
  for (const list of inner) if (files.readOnce(list, true)) tasks.push(...parseList(files.text));
  return tasks;
}

/**
 * Counts the tasks of lists by looking at each; false, and NaN, if the first list can't be read.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function countStates(
  lists: readonly string[],
  procRoot: string,
  files: KernelFiles,
  into: Float64Array,
): boolean {
  into.fill(Number.NaN);
  const tasks = readLists(lists, files);
  if (tasks === undefined) return false;
  into.fill(0);
  for (const task of tasks) {
    // 0 is a task of another PID namespace.
    if (!(task > 0)) continue;
    if (!files.readOfProcess(join(procRoot, String(task), "stat"))) continue;
    const place = PLACES[parseState(files.text)];
    if (place !== undefined) into[place] = (into[place] ?? 0) + 1;
  }
  return true;
}
