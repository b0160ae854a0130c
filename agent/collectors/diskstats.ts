import { join } from "node:path";

import { type DiskNumber, placeOf } from "../../wire/metrics/disk-io.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { BlockDevices } from "./block-devices.ts";
import type { Host, Probe, SeriesValues } from "./collector.ts";
import {
  addTo,
  BookFiles,
  type Books,
  isDevice,
  labelOf,
  put,
  putUsage,
  noSums,
  usageOf,
  writeSums,
} from "./disk-books.ts";
import { parseIoCost } from "./io-stat.ts";

const SECTOR_BYTES = 512;
const MILLISECONDS = 1000;

/** What the fields behind the name are, in order, and how many of each make one of ours. */
const FIELDS: readonly (readonly [DiskNumber, number])[] = [
  ["reads", 1],
  ["readsMerged", 1],
  ["sectorsRead", 1],
  ["readSeconds", MILLISECONDS],
  ["writes", 1],
  ["writesMerged", 1],
  ["sectorsWritten", 1],
  ["writeSeconds", MILLISECONDS],
  ["inProgress", 1],
  ["busySeconds", MILLISECONDS],
  ["weightedSeconds", MILLISECONDS],
];

/** How many fields stand behind the name: 15 since Linux 4.18 (discards), 17 since 5.5 (flushes). */
function isWholeLine(fields: number): boolean {
  return fields === FIELDS.length || fields === 15 || fields >= 17;
}

/** Fields of sectors, counted from the one behind the name, by the operation that has moved them. */
const SECTOR_FIELDS: Readonly<Record<string, number>> = { Read: 2, Write: 6, Discard: 13 };

const PLACES = FIELDS.map(([number, scale]) => ({ place: placeOf(number), scale }));
const READ_BYTES = placeOf("readBytes");
const WRITTEN_BYTES = placeOf("writtenBytes");
const SECTORS_READ = placeOf("sectorsRead");
const SECTORS_WRITTEN = placeOf("sectorsWritten");

/**
 * Lines `8 0 sda 335 0 5360 15 560 …`, device by device; returns their names by their numbers.
 * A line that is not whole is passed over. https://docs.kernel.org/admin-guide/iostats.html
 */
export function parseDiskstats(text: string, into: Books): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of text.split("\n").slice(0, -1)) {
    const [major, minor, name = "", ...fields] = line.trim().split(/\s+/);
    const numbers = `${major}:${minor}`;
    // With any other count of fields, they may mean something else.
    if (!isWholeLine(fields.length) || !isDevice(numbers)) continue;
    if (!fields.every((field) => /^\d{1,20}$/.test(field))) continue;
    names.set(numbers, name);
    for (const [field, { place, scale }] of PLACES.entries()) {
      put(into, numbers, place, fields[field] ?? "", scale);
    }
    const values = into.devices.get(numbers);
    if (values === undefined) continue;
    values[READ_BYTES] = (values[SECTORS_READ] ?? Number.NaN) * SECTOR_BYTES;
    values[WRITTEN_BYTES] = (values[SECTORS_WRITTEN] ?? Number.NaN) * SECTOR_BYTES;
    for (const [operation, field] of Object.entries(SECTOR_FIELDS)) {
      const sectors = fields[field];
      if (sectors === undefined) continue;
      putUsage(into, numbers, operation, String(Number(sectors) * SECTOR_BYTES));
    }
  }
  return names;
}

interface Machine {
  readonly series: SeriesValues;
  /** Undefined where no disk is known to be one. */
  readonly sums: Float64Array | undefined;
}

/** Of all that the kernel lists, the real devices; and the sums of the whole disks on which they lie. */
function machineOf(books: Books, names: ReadonlyMap<string, string>, known: BlockDevices): Machine {
  const series = new Map<string, Float64Array>();
  let sums: Float64Array | undefined;
  for (const [numbers, name] of names) {
    const values = books.devices.get(numbers);
    const { path, isReal, isPartition, isGround } = known.named(name);
    if (values === undefined || !isReal) continue;
    series.set(labelOf(path), values);
    if (isGround) addTo((sums ??= noSums()), values);
    if (isPartition) continue;
    for (const operation of Object.keys(SECTOR_FIELDS)) {
      const bytes = books.operations.get(`${numbers} ${operation}`);
      if (bytes !== undefined) series.set(...usageOf(path, numbers, operation, bytes));
    }
  }
  return { series, sums };
}

/**
 * Block I/O of the machine itself, which is that of its disks. The books of its cgroup are not
 * used: v1 keeps them for some disks only, and v2 has fewer numbers in them, all but those of io.cost.
 */
export function openDiskstats(cgroup: Cgroup, { files, procRoot, blkio }: Host): Probe | undefined {
  let names: ReadonlyMap<string, string> = new Map();
  const parse = (text: string, into: Books): void => {
    names = parseDiskstats(text, into);
  };
  const groups = [[{ path: join(procRoot, "diskstats"), parse }]];
  const io = cgroup.controller("io");
  if (io?.version === 2) groups.push([{ path: join(io.directory, "io.stat"), parse: parseIoCost }]);
  const kept = new BookFiles(files, groups);
  if (!kept.isOpen) {
    kept.close();
    return undefined;
  }
  let machine: Machine | undefined;
  let before: Books | undefined;
  return {
    get series() {
      return machine?.series ?? new Map();
    },
    read(row) {
      const books = kept.read();
      if (books === undefined) machine = undefined;
      else if (books !== before) machine = machineOf(books, names, blkio.devices);
      before = books;
      if (machine?.sums !== undefined) writeSums(row, machine.sums);
    },
    close: () => kept.close(),
  };
}
