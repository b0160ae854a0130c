import { readFileSync } from "node:fs";

/** What a process has used so far. */
export interface ProcessCost {
  readonly cpuSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly residentBytes: number;
}

/** USER_HZ: what /proc/<pid>/stat counts in. */
const TICKS_PER_SECOND = 100;

/** Reads /proc/<pid>/stat and /proc/<pid>/status. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function readProcessCost(pid: number): ProcessCost {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field may hold blanks and brackets; the third begins behind its last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const userSeconds = Number(fields[11]) / TICKS_PER_SECOND;
  const systemSeconds = Number(fields[12]) / TICKS_PER_SECOND;
  return {
    cpuSeconds: userSeconds + systemSeconds,
    userSeconds,
    systemSeconds,
    residentBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024,
  };
}
