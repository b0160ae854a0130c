/** What one process is and does, as the kernel tells. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** At most 15 characters. */
  readonly command: string;
  /** One letter, with `ps`'s signs behind it: `Ss`, `S<Ll`. */
  readonly status: string;
  /** CPU time in seconds. */
  readonly cpuSeconds: number;
  /** Seconds after boot at which it began. */
  readonly startSeconds: number;
  readonly virtualBytes: number;
  /** The CPU that it ran on last. */
  readonly processor: number;
}

/** USER_HZ, which is 100 on every architecture that Linux gives to users. */
const TICKS = 100;

/** The last field that is read. */
const PROCESSOR = 36;

/** The signs that `ps` puts behind the state. */
function signsOf(pid: number, field: (index: number) => number): string {
  const nice = field(16);
  const isLeader = field(3) === pid;
  const isInFront = field(2) === field(5) && field(5) > 0;
  return [
    nice < 0 ? "<" : nice > 0 ? "N" : "",
    isLeader ? "s" : "",
    field(17) > 1 ? "l" : "",
    isInFront ? "+" : "",
  ].join("");
}

/**
 * A line of `/proc/<pid>/stat`; undefined if it is not whole. Its name may hold anything, brackets too.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function parseProcessStat(text: string): ProcessFacts | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const pid = Number(text.slice(0, open).trim());
  const fields = text
    .slice(close + 2)
    .trim()
    .split(" ");
  if (open === -1 || close === -1 || fields.length <= PROCESSOR || !(pid > 0)) return undefined;
  // Counted from the state on, which is the third field of all.
  const field = (index: number): number => Number(fields[index]);
  return {
    pid,
    parent: field(1),
    command: text.slice(open + 1, close),
    status: `${fields[0] ?? "?"}${signsOf(pid, field)}`,
    cpuSeconds: (field(11) + field(12)) / TICKS,
    startSeconds: field(19) / TICKS,
    virtualBytes: field(20),
    processor: field(PROCESSOR),
  };
}

/** The effective user in `/proc/<pid>/status`; NaN if it is not told. */
export function parseUserId(status: string): number {
  return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN);
}

/** Bytes of memory that it holds; 0 of a task of the kernel's own. */
export function parseResident(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Whether pages are locked in memory, which `ps` marks with an L. */
export function hasLockedPages(status: string): boolean {
  return Number(/^VmLck:\s+(\d+)/m.exec(status)?.[1] ?? 0) > 0;
}

/** The users of `/etc/passwd`, by number. https://man7.org/linux/man-pages/man5/passwd.5.html */
export function parseUsers(passwd: string): Map<number, string> {
  const users = new Map<number, string>();
  for (const line of passwd.split("\n")) {
    const [name = "", , uid = ""] = line.split(":");
    if (/^\d+$/.test(uid) && name !== "" && !users.has(Number(uid))) users.set(Number(uid), name);
  }
  return users;
}

/** The cgroup in `/proc/<pid>/cgroup`: of v1 that of the CPU's hierarchy. */
export function parseCgroupOf(text: string): string {
  const lines = text.split("\n").map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const cpu = lines.find((line) => line?.[1]?.split(",").includes("cpu") === true);
  const unified = lines.find((line) => line?.[1] === "");
  return (cpu ?? unified)?.[2] ?? "";
}
