import type { ListedProcess } from "../../processes/process-list.ts";
import type { GoObject } from "./go-json.ts";
import { whole } from "./sample.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY_MS = 86_400_000;

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** As `ps` has it: the time within the last day, then the day, then the year. */
function startOf(time: number, now: number): string {
  const at = new Date(time);
  if (now - time < DAY_MS) return `${two(at.getHours())}:${two(at.getMinutes())}`;
  return at.getFullYear() === new Date(now).getFullYear()
    ? `${MONTHS[at.getMonth()]}${two(at.getDate())}`
    : String(at.getFullYear());
}

/** `00:02:00`, `3-04:05:06` */
function durationOf(seconds: number): string {
  const total = Math.trunc(seconds);
  const days = Math.trunc(total / 86_400);
  const parts = [(total % 86_400) / 3600, (total % 3600) / 60, total % 60].map(Math.trunc).map(two);
  return `${days > 0 ? `${days}-` : ""}${parts.join(":")}`;
}

function tenths(percent: number): number {
  return Number(percent.toFixed(1));
}

/** A process as cAdvisor has it. @param now Unix milliseconds */
export function encodeProcess(
  process: ListedProcess,
  now: number,
  memoryBytes: number,
  isOfMachine: boolean,
): GoObject {
  return {
    user: process.user,
    pid: process.pid,
    parent_pid: process.parent,
    start_time: startOf(process.startedAt, now),
    percent_cpu: tenths(process.cpuPercent),
    percent_mem: memoryBytes === 0 ? 0 : tenths((process.rssBytes / memoryBytes) * 100),
    rss: whole(process.rssBytes),
    virtual_size: whole(process.virtualBytes),
    status: process.status,
    running_time: durationOf(process.cpuSeconds),
    // Whoever asks for one cgroup knows which it is.
    cgroup_path: isOfMachine ? process.cgroup : "",
    cmd: process.command,
    fd_count: process.descriptors,
    psr: process.processor,
  };
}
