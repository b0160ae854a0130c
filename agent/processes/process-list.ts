import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Clock } from "../../lib/clock.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import {
  hasLockedPages,
  parseCgroupOf,
  parseProcessStat,
  parseResident,
  parseUserId,
  parseUsers,
  type ProcessFacts,
} from "./process-stat.ts";

/** No list is longer: each process costs the kernel some 50 µs. */
const MOST_PROCESSES = 2000;

/** So many are looked at at a time. */
const PARALLEL = 8;

/** A process of a list. */
export interface ListedProcess extends ProcessFacts {
  readonly user: string;
  /** Unix milliseconds at which it began. */
  readonly startedAt: number;
  /** CPU time over its whole life, in percent of one CPU. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  /** Its cgroup. */
  readonly cgroup: string;
}

/** Where processes are read from. */
export interface ProcessSources {
  readonly procRoot: string;
  /** Where the machine's `/` can be read. */
  readonly rootfs: string;
  readonly clock: Clock;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
  } catch {
    // It has ended meanwhile, or is not ours to look at.
    return "";
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
}

/** Lists processes: the one thing that is read from the kernel only when somebody asks. */
export class ProcessList {
  readonly #sources: ProcessSources;

  constructor(sources: ProcessSources) {
    this.#sources = sources;
  }

  /** The processes of a cgroup itself, by their numbers, 2000 at most; of `/` those of the whole machine. */
  async of(cgroup: Cgroup): Promise<ListedProcess[]> {
    const { procRoot, rootfs, clock } = this.#sources;
    const pids = (await this.#pidsOf(cgroup)).slice(0, MOST_PROCESSES);
    const users = parseUsers(await readText(join(rootfs, "etc/passwd")));
    const uptime = Number((await readText(join(procRoot, "uptime"))).split(" ")[0]);
    const now = { time: clock.now(), uptime, users };
    const found: ListedProcess[] = [];
    const next = pids.values();
    const work = async (): Promise<void> => {
      for (const pid of next) {
        const process = await this.#look(pid, now);
        if (process !== undefined) found.push(process);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    return found.toSorted((a, b) => a.pid - b.pid);
  }

  async #pidsOf({ id, directories }: Cgroup): Promise<number[]> {
    const { procRoot } = this.#sources;
    if (id === "/") {
      const names = await namesIn(procRoot);
      return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
    }
    const lists = await Promise.all(
      directories.map(({ directory }) => readText(join(directory, "cgroup.procs"))),
    );
    const pids = lists.flatMap((list) => list.split("\n")).map(Number);
    return [...new Set(pids)].filter((pid) => pid > 0).toSorted((a, b) => a - b);
  }

  async #look(pid: number, now: Now): Promise<ListedProcess | undefined> {
    const place = join(this.#sources.procRoot, String(pid));
    const facts = parseProcessStat(await readText(join(place, "stat")));
    if (facts === undefined) return undefined;
    const status = await readText(join(place, "status"));
    const descriptors = (await namesIn(join(place, "fd"))).length;
    const age = now.uptime - facts.startSeconds;
    const uid = parseUserId(status);
    return {
      ...facts,
      command: Buffer.from(facts.command, "latin1").toString("utf8"),
      status: withLock(facts.status, hasLockedPages(status)),
      user: now.users.get(uid) ?? (Number.isNaN(uid) ? "" : String(uid)),
      startedAt: now.time - age * 1000,
      cpuPercent: age > 0 ? (facts.cpuSeconds / age) * 100 : 0,
      rssBytes: parseResident(status),
      descriptors,
      cgroup: parseCgroupOf(await readText(join(place, "cgroup"))),
    };
  }
}

/** `ps` puts the sign of locked pages behind that of the priority. */
function withLock(status: string, hasLocked: boolean): string {
  return hasLocked ? status.replace(/^.[<N]?/, "$&L") : status;
}

interface Now {
  readonly time: number;
  /** Seconds since boot. */
  readonly uptime: number;
  readonly users: ReadonlyMap<number, string>;
}
