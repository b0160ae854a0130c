import { decodeBytes } from "./record.ts";

/**
 * The lines that the kernel's OOM killer writes (`mm/oom_kill.c`, `mm/memcontrol.c`). Names of
 * processes and cgroups stand in them as they are, so a name may look like a part of the line: what
 * can be read in two ways is not read at all.
 */

/** Where a victim was, and where memory had run out. */
export interface Place {
  /** The cgroup of the process. */
  readonly cgroup: string;
  /** The cgroup that had no memory left: the same or one above it; `/` if it was the machine. */
  readonly oomCgroup: string;
  /** `CONSTRAINT_MEMCG`, …; not told by kernels before 5.0. */
  readonly constraint?: string;
}

/** A process that was chosen. */
export interface Chosen extends Place {
  readonly pid: number;
}

/** A process that was killed. */
export interface Victim {
  readonly pid: number;
  readonly process: string;
}

/** Whether a cgroup of this path is known. */
export type IsKnown = (cgroup: string) => boolean;

/** The kernel keeps no longer name of a process. */
const LONGEST_NAME = 15;

const MEMCG = ",oom_memcg=";
const TASK_MEMCG = ",task_memcg=";
const TASK = ",task=";

const CHOSEN = /^oom-kill:constraint=(CONSTRAINT_[A-Z_]+),nodemask=.*,pid=(\d+),uid=\d+$/s;

/** The cpuset's name, which comes before, has no slash in it. */
const BEFORE_PATHS = /,mems_allowed=[\d,-]*(,oom_memcg=|,global_oom,task_memcg=)(?=\/)/;

const KILLED =
  /^(?:(?:Memory cgroup out of memory|Out of memory)[^:]*: )?Killed process (\d+) \((.*)\),? (?:total-vm:|UID)/s;

const LEGACY_BEGIN = "Task in ";
const LEGACY_LIMIT = " killed as a result of limit of ";

const GROUP = /^Tasks in (\/.*) are going to be killed due to memory\.oom\.group set$/s;

function* places(text: string, word: string): Generator<number> {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) yield at;
}

/** Whether a cgroup is another or is below it. */
function isWithin(cgroup: string, above: string): boolean {
  return above === "/" || cgroup === above || cgroup.startsWith(`${above}/`);
}

/** The only reading, or the only one that speaks of a cgroup that is known. */
function onlyOne(readings: readonly Place[], isKnown: IsKnown): Place | undefined {
  if (readings.length === 1) return readings[0];
  const known = readings.filter(({ cgroup }) => isKnown(cgroup));
  return known.length === 1 ? known[0] : undefined;
}

/** Where the path ends and the name of the process begins. */
function* taskPaths(text: string): Generator<string> {
  for (const at of places(text, TASK)) {
    if (text.length - at - TASK.length <= LONGEST_NAME) yield text.slice(0, at);
  }
}

function* readPlaces(text: string): Generator<Place> {
  for (const at of places(text, `${TASK_MEMCG}/`)) {
    const oomCgroup = decodeBytes(text.slice(0, at));
    for (const path of taskPaths(text.slice(at + TASK_MEMCG.length))) {
      const cgroup = decodeBytes(path);
      if (isWithin(cgroup, oomCgroup)) yield { cgroup, oomCgroup };
    }
  }
}

/** `oom-kill:constraint=…,oom_memcg=…,task_memcg=…,task=…,pid=…,uid=…`, since Linux 5.0. */
export function parseChosen(text: string, isKnown: IsKnown): Chosen | undefined {
  const [, constraint, pid] = CHOSEN.exec(text) ?? [];
  const before = BEFORE_PATHS.exec(text);
  if (constraint === undefined || pid === undefined || before === null) return undefined;
  const paths = text.slice(before.index + before[0].length, text.lastIndexOf(",pid="));
  const readings =
    before[1] === MEMCG
      ? [...readPlaces(paths)]
      : [...taskPaths(paths)].map((path) => ({ cgroup: decodeBytes(path), oomCgroup: "/" }));
  const place = onlyOne(readings, isKnown);
  return place === undefined ? undefined : { ...place, constraint, pid: Number(pid) };
}

/** Whether such a line is still without its end: another record has it. */
export function isUnfinished(text: string): boolean {
  return text.startsWith("oom-kill:constraint=") && !CHOSEN.test(text);
}

/** `Killed process … (…) total-vm:…`: written for each process that is killed, and only then. */
export function parseKilled(text: string): Victim | undefined {
  const [, pid, process] = KILLED.exec(text) ?? [];
  if (pid === undefined || process === undefined) return undefined;
  return { pid: Number(pid), process: decodeBytes(process) };
}

/** `Task in … killed as a result of limit of …`, before Linux 5.0. */
export function parseLegacyPlace(text: string, isKnown: IsKnown): Place | undefined {
  if (!text.startsWith(LEGACY_BEGIN)) return undefined;
  const readings: Place[] = [];
  for (const at of places(text, `${LEGACY_LIMIT}/`)) {
    const cgroup = decodeBytes(text.slice(LEGACY_BEGIN.length, at));
    const oomCgroup = decodeBytes(text.slice(at + LEGACY_LIMIT.length));
    if (isWithin(cgroup, oomCgroup)) readings.push({ cgroup, oomCgroup });
  }
  return onlyOne(readings, isKnown);
}

/** `Tasks in … are going to be killed due to memory.oom.group set`: the cgroup, all of which follows. */
export function parseGroup(text: string): string | undefined {
  const path = GROUP.exec(text)?.[1];
  return path === undefined ? undefined : decodeBytes(path);
}
