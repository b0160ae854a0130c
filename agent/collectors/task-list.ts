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

/** The numbers in a list of tasks, one a line; a line that is cut or holds something else is passed over. */
export function parseTasks(text: Text): number[] {
  // 0 is a task of another PID namespace.
  return parseList(text).filter((task) => task > 0);
}

/**
 * Counts the tasks of a list by looking at each; false, and NaN, if the list can't be read.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function countStates(
  list: string,
  procRoot: string,
  files: KernelFiles,
  into: Float64Array,
): boolean {
  into.fill(Number.NaN);
  if (!files.readOnce(list, true)) return false;
  into.fill(0);
  for (const task of parseTasks(files.text)) {
    if (!files.readOfProcess(join(procRoot, String(task), "stat"))) continue;
    const place = PLACES[parseState(files.text)];
    if (place !== undefined) into[place] = (into[place] ?? 0) + 1;
  }
  return true;
}
