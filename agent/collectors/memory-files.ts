import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { memoryDetailMetrics } from "../../wire/metrics/memory-detail.ts";
import { memoryMetrics } from "../../wire/metrics/memory.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import type { Row } from "../../wire/ring.ts";
import { KeyedFile } from "../cgroup/parse.ts";
import type { Host } from "./collector.ts";

/** The memory files of one cgroup, kept open. */
export interface MemoryFiles {
  /** Writes the usage; NaN where only the other files tell it. */
  readUsage(row: Row): void;
  /** Writes everything else. */
  readOthers(row: Row): void;
  close(): void;
}

const { usage, maxUsage, workingSet, swap, inactiveFile, cache, rss } = memoryMetrics;
const { mappedFile, activeFile, faults, majorFaults } = memoryMetrics;
const detail = memoryDetailMetrics;

/** A column for each key of a file that is measured. */
type Keys = readonly (readonly [key: string, metric: Metric])[];

/** Of the cgroup and all below it. https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#stat-file */
const STAT_V1: Keys = [
  ["total_rss", rss],
  ["total_cache", cache],
  ["total_mapped_file", mappedFile],
  ["total_active_file", activeFile],
  ["total_inactive_file", inactiveFile],
  ["total_pgfault", faults],
  ["total_pgmajfault", majorFaults],
  ["total_swap", swap],
  ["pgfault", detail.ownFaults],
  ["pgmajfault", detail.ownMajorFaults],
  ["total_dirty", detail.dirty],
  ["total_writeback", detail.writeback],
  ["total_workingset_refault_file", detail.refaultedFile],
  ["total_workingset_refault_anon", detail.refaultedAnon],
];

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files */
const STAT_V2: Keys = [
  ["anon", rss],
  ["file", cache],
  ["file_mapped", mappedFile],
  ["active_file", activeFile],
  ["inactive_file", inactiveFile],
  ["pgfault", faults],
  ["pgmajfault", majorFaults],
  ["kernel", detail.kernel],
  ["file_dirty", detail.dirty],
  ["file_writeback", detail.writeback],
  ["pgscan", detail.scanned],
  ["pgsteal", detail.reclaimed],
  ["workingset_refault_file", detail.refaultedFile],
  ["workingset_refault_anon", detail.refaultedAnon],
];

/** A file of `key value` lines and the columns of its values. */
interface Format {
  readonly file: KeyedFile;
  readonly columns: readonly number[];
}

function formatOf(keys: Keys): Format {
  const file = new KeyedFile(keys.map(([key]) => key));
  return { file, columns: keys.map(([, metric]) => columnOf(metric)) };
}

const statV1 = formatOf(STAT_V1);
const statV2 = formatOf(STAT_V2);
const eventsV2 = formatOf([
  ["high", detail.eventsHigh],
  ["max", detail.eventsMax],
]);

const USAGE = columnOf(usage);
const WORKING_SET = columnOf(workingSet);
const INACTIVE_FILE = columnOf(inactiveFile);
const RSS = columnOf(rss);
const CACHE = columnOf(cache);
const SWAP = columnOf(swap);
const MAX_USAGE = columnOf(maxUsage);
const KERNEL = columnOf(detail.kernel);
const FAILURES = columnOf(detail.failures);
const EVENTS_MAX = columnOf(detail.eventsMax);
const [FAULTS, OWN_FAULTS] = [columnOf(faults), columnOf(detail.ownFaults)];
const [MAJOR, OWN_MAJOR] = [columnOf(majorFaults), columnOf(detail.ownMajorFaults)];

function write(row: Row, { columns }: Format, values: Float64Array | undefined): void {
  if (values === undefined) return;
  for (const [index, column] of columns.entries()) row[column] = values[index] ?? Number.NaN;
}

/** What could not be dropped at once if memory ran short; never below 0, as the two are not read in one instant. */
function writeWorkingSet(row: Row): void {
  const rest = (row[USAGE] ?? Number.NaN) - (row[INACTIVE_FILE] ?? Number.NaN);
  row[WORKING_SET] = Math.max(0, rest);
}

/** Opens the files of a v1 cgroup; undefined where there are none. */
export function openMemoryV1(directory: string, { files }: Host): MemoryFiles | undefined {
  const current = files.keep(join(directory, "memory.usage_in_bytes"));
  if (current === undefined) return undefined;
  const stat = files.keep(join(directory, "memory.stat"));
  const most = files.keep(join(directory, "memory.max_usage_in_bytes"));
  const kernel = files.keep(join(directory, "memory.kmem.usage_in_bytes"));
  const hits = files.keep(join(directory, "memory.failcnt"));
  return {
    readUsage(row) {
      row[USAGE] = files.number(current);
    },
    readOthers(row) {
      write(row, statV1, files.keyed(stat, statV1.file));
      writeWorkingSet(row);
      row[MAX_USAGE] = files.number(most);
      row[KERNEL] = files.number(kernel);
      row[FAILURES] = files.number(hits);
    },
    close() {
      for (const file of [current, stat, most, kernel, hits]) files.release(file);
    },
  };
}

const MEMORY = Buffer.from("memory");

/** Opens the files of a v2 cgroup other than the root; undefined where there are none. */
export function openMemoryV2(directory: string, { files }: Host): MemoryFiles | undefined {
  const stat = files.keep(join(directory, "memory.stat"));
  if (stat === undefined) return undefined;
  const current = files.keep(join(directory, "memory.current"));
  const most = files.keep(join(directory, "memory.peak"));
  const swapped = files.keep(join(directory, "memory.swap.current"));
  const events = files.keep(join(directory, "memory.events"));
  const children = files.keep(join(directory, "cgroup.subtree_control"));
  let isAlone = true;
  return {
    readUsage(row) {
      row[USAGE] = files.number(current);
    },
    readOthers(row) {
      write(row, statV2, files.keyed(stat, statV2.file));
      writeWorkingSet(row);
      if (most !== undefined) row[MAX_USAGE] = files.number(most);
      if (swapped !== undefined) row[SWAP] = files.number(swapped);
      write(row, eventsV2, files.keyed(events, eventsV2.file));
      row[FAILURES] = row[EVENTS_MAX] ?? Number.NaN;
      // v2 counts with all that is below. Only as long as no child was given a memory controller of
      // its own is that the cgroup alone; what children that are gone have left stays in the count.
      isAlone &&= files.read(children) && !includesMemory(files.text);
      if (!isAlone) return;
      row[OWN_FAULTS] = row[FAULTS] ?? Number.NaN;
      row[OWN_MAJOR] = row[MAJOR] ?? Number.NaN;
    },
    close() {
      for (const file of [stat, current, most, swapped, events, children]) files.release(file);
    },
  };
}

/** In a list of controllers such as `cpu memory pids`. */
function includesMemory({ bytes, length }: Host["files"]["text"]): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).includes(MEMORY);
}

const SWAP_LINES = /^SwapTotal: +(\d{1,20}) kB$[^]*^SwapFree: +(\d{1,20}) kB$/m;

/** Swap in use on the machine, in bytes. https://docs.kernel.org/filesystems/proc.html#meminfo */
export function parseSwapInUse(meminfo: string): number {
  const [, total, free] = SWAP_LINES.exec(meminfo) ?? [];
  return (Number(total) - Number(free)) * 1024;
}

/** Opens what the root of v2 has: no more than `memory.stat`, and the machine's own numbers. */
export function openMemoryRoot(
  directory: string,
  { files, procRoot }: Host,
): MemoryFiles | undefined {
  const stat = files.keep(join(directory, "memory.stat"));
  if (stat === undefined) return undefined;
  const meminfo = files.keep(join(procRoot, "meminfo"));
  return {
    readUsage() {},
    readOthers(row) {
      write(row, statV2, files.keyed(stat, statV2.file));
      // The root has no `memory.current`: what its `memory.stat` adds up to stands for it.
      row[USAGE] = (row[RSS] ?? Number.NaN) + (row[CACHE] ?? Number.NaN);
      writeWorkingSet(row);
      if (!files.read(meminfo)) return;
      const { bytes, length } = files.text;
      row[SWAP] = parseSwapInUse(Buffer.from(bytes.buffer, bytes.byteOffset, length).toString());
    },
    close() {
      for (const file of [stat, meminfo]) files.release(file);
    },
  };
}
