import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

import type { Clock } from "../../lib/clock.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { type Mount, parseMountinfo } from "./mountinfo.ts";

/** The machine's mounts are read again when they are so old. */
const MOUNTS_AGE_MS = 10_000;

/** Processes between a container's first one and its engine. */
const MOST_ANCESTORS = 32;

/** Cgroups of a container that are searched for a process. */
const MOST_CGROUPS = 32;

/** The mounts that an engine lives among, and what to put before its paths to reach them. */
export interface EngineView {
  readonly prefix: string;
  readonly mounts: readonly Mount[];
}

/**
 * Sees filesystems as container engines see them: most live among the machine's mounts, some not.
 * Files of the kernel's own are read at once, as sampling does: no disk is behind them.
 */
export class EngineViews {
  readonly #procRoot: string;
  readonly #rootfs: string;
  readonly #clock: Clock;
  #machine: EngineView | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  /** @param rootfs where the machine's `/` can be read */
  constructor(procRoot: string, rootfs: string, clock: Clock) {
    this.#procRoot = procRoot;
    this.#rootfs = rootfs === "/" ? "" : rootfs;
    this.#clock = clock;
  }

  /** What the machine's first process sees; if that is closed to us, what we see. */
  machine(): EngineView {
    const now = this.#clock.monotonic();
    if (this.#machine !== undefined && now - this.#readAt < MOUNTS_AGE_MS) return this.#machine;
    const mounts = attempt(() => this.mountsOf("1")) ?? this.mountsOf("self");
    this.#readAt = now;
    this.#machine = { prefix: this.#rootfs, mounts };
    return this.#machine;
  }

  /** What the process that started a container sees: Docker in a container has mounts of its own. */
  around(pid: string): EngineView {
    const engine = attempt(() => this.#engineOf(pid));
    if (engine === undefined) return this.machine();
    return {
      prefix: join(this.#procRoot, engine, "root"),
      mounts: this.mountsOf(engine),
    };
  }

  /** @throws errors of the kernel */
  mountsOf(pid: string): Mount[] {
    return parseMountinfo(readFileSync(join(this.#procRoot, pid, "mountinfo"), "utf8"));
  }

  /** The first ancestor with other mounts than the container's; undefined if these are the machine's. */
  #engineOf(pid: string): string | undefined {
    const machine = this.#namespaceOf("1");
    const own = this.#namespaceOf(pid);
    let ancestor = pid;
    for (let count = 0; count < MOST_ANCESTORS; count++) {
      ancestor = this.#parentOf(ancestor);
      if (ancestor === "0") return undefined;
      const namespace = this.#namespaceOf(ancestor);
      if (namespace === machine) return undefined;
      if (namespace !== own) return ancestor;
    }
    return undefined;
  }

  #namespaceOf(pid: string): string {
    return readlinkSync(join(this.#procRoot, pid, "ns", "mnt"));
  }

  /** The second field after the name, which may hold anything. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
  #parentOf(pid: string): string {
    const stat = readFileSync(join(this.#procRoot, pid, "stat"), "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? "0";
  }
}

/** A process of a cgroup or of one below it; undefined if there is none. */
export function processIn(cgroup: Cgroup): string | undefined {
  for (const { directory } of cgroup.directories) {
    const pid = processBelow(directory);
    if (pid !== undefined) return pid;
  }
  return undefined;
}

function processBelow(directory: string): string | undefined {
  const waiting = [directory];
  for (let count = 0; count < MOST_CGROUPS; count++) {
    const next = waiting.shift();
    if (next === undefined) return undefined;
    const list = attempt(() => readFileSync(join(next, "cgroup.procs"), "latin1")) ?? "";
    const first = list.split("\n").find((line) => /^[1-9]\d*$/.test(line));
    if (first !== undefined) return first;
    waiting.push(...directoriesIn(next));
  }
  return undefined;
}

function directoriesIn(directory: string): string[] {
  const entries = attempt(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
