import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { pressureMetrics } from "../../wire/metrics/pressure.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFile, KernelFiles } from "../cgroup/kernel-files.ts";
import { parseDigits, type Text } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";

const RESOURCES = Object.entries(pressureMetrics).map(([resource, { some, full }]) => ({
  name: resource,
  some: columnOf(some),
  full: columnOf(full),
}));

const NEWLINE = 10;
const EQUALS = 61;

/** Time lost in microseconds; NaN = not told. */
interface Totals {
  readonly some: number;
  readonly full: number;
}

const NOTHING: Totals = { some: Number.NaN, full: Number.NaN };

/** What the lines begin with. */
const HEADS = ["some ", "full "].map((word) => new TextEncoder().encode(word));

/** What stands before their last number. */
const TOTAL = new TextEncoder().encode(" total=");

function isAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  return word.every((byte, index) => bytes[at + index] === byte);
}

/**
 * The totals of `some avg10=0.00 avg60=0.00 avg300=0.00 total=12` and of the line `full …` below it,
 * in microseconds; NaN where a line is missing or cut. https://docs.kernel.org/accounting/psi.html
 */
export function parsePressure({ bytes, length }: Text): Totals {
  const totals = [Number.NaN, Number.NaN];
  for (let from = 0; from < length;) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end === -1 || end >= length) break;
    const number = bytes.lastIndexOf(EQUALS, end) + 1;
    const total = number - TOTAL.length;
    const line = HEADS.findIndex((head) => isAt(bytes, from, head));
    if (line !== -1 && total > from && isAt(bytes, total, TOTAL)) {
      totals[line] = parseDigits(bytes, number, end);
    }
    from = end + 1;
  }
  return { some: totals[0] ?? Number.NaN, full: totals[1] ?? Number.NaN };
}

/** How often each resource has kept somebody on the machine waiting, as far as it has been looked at. */
type Stalls = Float64Array;

/** By what the agent reads with: there is one for each machine. */
const stallsOf = new WeakMap<KernelFiles, Stalls>();

interface Resource {
  readonly file: KernelFile;
  readonly some: number;
  readonly full: number;
  /** Its place in `Stalls`. */
  readonly place: number;
  /** What was read last, and after how many stalls of the machine. */
  last: Totals;
  stalls: number;
}

function openResources(directory: string, files: KernelFiles): Resource[] {
  return RESOURCES.flatMap(({ name, some, full }, place) => {
    const file = files.keep(join(directory, `${name}.pressure`));
    return file === undefined ? [] : [{ file, some, full, place, last: NOTHING, stalls: -1 }];
  });
}

/** Reads it; false if it has not moved. */
function readAnew(resource: Resource, files: KernelFiles): boolean {
  const before = resource.last;
  resource.last = NOTHING;
  if (files.read(resource.file)) {
    resource.last = parsePressure(files.text);
    if (Number.isNaN(resource.last.some)) files.fail("malformed");
  }
  return resource.last.some !== before.some || resource.last.full !== before.full;
}

/** The machine's own: it is sampled first, and tells the others whether there is anything to read. */
function readMachine(resources: readonly Resource[], stalls: Stalls, files: KernelFiles): void {
  for (const resource of resources) {
    if (readAnew(resource, files)) stalls[resource.place] = (stalls[resource.place] ?? 0) + 1;
  }
}

/** Who waits in a cgroup waits on the machine: as long as nobody did there, nothing has moved here. */
function readCgroup(resources: readonly Resource[], stalls: Stalls, files: KernelFiles): void {
  for (const resource of resources) {
    const now = stalls[resource.place] ?? 0;
    if (now > 0 && now === resource.stalls) continue;
    resource.stalls = now;
    readAnew(resource, files);
  }
}

/** Time lost waiting. Only v2 cgroups tell it; a hybrid host has those beside the ones of v1. */
export const pressure: Collector = {
  name: "pressure",
  group: "pressure",
  metrics: Object.values(pressureMetrics).flatMap(({ some, full }) => [some, full]),
  open(cgroup: Cgroup, { files }: Host): Probe | undefined {
    const place = cgroup.directories.find(({ version }) => version === 2);
    if (place === undefined) return undefined;
    const resources = openResources(place.directory, files);
    if (resources.length === 0) return undefined;
    let stalls = stallsOf.get(files);
    if (stalls === undefined) stallsOf.set(files, (stalls = new Float64Array(RESOURCES.length)));
    const known = stalls;
    const readAll = cgroup.id === "/" ? readMachine : readCgroup;
    return {
      read(row) {
        readAll(resources, known, files);
        for (const { some, full, last } of resources) {
          row[some] = last.some;
          row[full] = last.full;
        }
      },
      close() {
        for (const { file } of resources) files.release(file);
      },
    };
  },
};
