import { columnOf } from "../../wire/metrics/all.ts";
import { memoryDetailMetrics } from "../../wire/metrics/memory-detail.ts";
import { memoryMetrics } from "../../wire/metrics/memory.ts";
import type { Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { type MemoryFiles, openMemoryRoot, openMemoryV1, openMemoryV2 } from "./memory-files.ts";
import { Standstill } from "./standstill.ts";

const METRICS = [...Object.values(memoryMetrics), ...Object.values(memoryDetailMetrics)].filter(
  ({ group }) => group === "memory",
);
const COLUMNS = METRICS.map(columnOf);
const USAGE = columnOf(memoryMetrics.usage);
const DIRTY = columnOf(memoryDetailMetrics.dirty);
const WRITEBACK = columnOf(memoryDetailMetrics.writeback);

/** A cgroup that is quiet is read in every so many samples. */
const QUIET_EVERY = 5;

/** So many samples after a cgroup has become quiet the kernel, which adds up every two seconds, is done. */
const SETTLING = 2;

/** Quiet cgroups take turns in the order in which they were found, so that each second costs the same. */
let opened = 0;

/**
 * Whether a cgroup is quiet: no task in it has run, its usage is what it was when the other files
 * were read, and nothing of it is on its way to a disk. What may change even then:
 * - `memory.stat`: reclaim and others that touch the same pages move pages from list to list.
 * - The highest usage, and the counts of running into a limit: memory that is charged in an
 *   interrupt (packets for its sockets) and is free again before the next sample.
 * - Swap: what is moved there or back is charged or uncharged, and so shows in usage.
 * All these are at most so many samples old.
 */
class Quiet {
  readonly #standstill: Standstill = new Standstill();
  readonly #turn: number = opened++ % QUIET_EVERY;
  readonly #kept: Float64Array = new Float64Array(COLUMNS.length).fill(Number.NaN);
  #usage: number = Number.NaN;
  #isClean = false;
  #samples = 0;
  #quietFor = 0;

  /** Whether the other files need not be read for this sample, which has its usage already. */
  mayPass(row: Row): boolean {
    const isStill = this.#standstill.isStill(row);
    const isQuiet = isStill && row[USAGE] === this.#usage && this.#isClean;
    this.#quietFor = isQuiet ? this.#quietFor + 1 : 0;
    this.#samples++;
    return this.#quietFor > SETTLING && this.#samples % QUIET_EVERY !== this.#turn;
  }

  /** Keeps what has been read. */
  keep(row: Row): void {
    for (const [index, column] of COLUMNS.entries()) this.#kept[index] = row[column] ?? Number.NaN;
    this.#usage = row[USAGE] ?? Number.NaN;
    this.#isClean = !((row[DIRTY] ?? 0) > 0) && !((row[WRITEBACK] ?? 0) > 0);
  }

  /** Writes what was read last. */
  repeat(row: Row): void {
    for (const [index, column] of COLUMNS.entries()) row[column] = this.#kept[index] ?? Number.NaN;
  }
}

function probeOf(files: MemoryFiles): Probe {
  const quiet = new Quiet();
  return {
    read(row) {
      files.readUsage(row);
      if (quiet.mayPass(row)) return quiet.repeat(row);
      files.readOthers(row);
      quiet.keep(row);
    },
    close: () => files.close(),
  };
}

function openFiles(cgroup: Cgroup, host: Host): MemoryFiles | undefined {
  const place = cgroup.controller("memory");
  if (place === undefined) return undefined;
  const { version, directory } = place;
  if (version === 1) return openMemoryV1(directory, host);
  return cgroup.id === "/" ? openMemoryRoot(directory, host) : openMemoryV2(directory, host);
}

/** Memory in use, by kind, and what happens when there is too little of it. */
export const memory: Collector = {
  name: "memory",
  group: "memory",
  metrics: METRICS,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const files = openFiles(cgroup, host);
    return files === undefined ? undefined : probeOf(files);
  },
};
