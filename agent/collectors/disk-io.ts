import { readFileSync } from "node:fs";
import { join } from "node:path";

import { columnOf } from "../../wire/metrics/all.ts";
import { diskIoMetrics } from "../../wire/metrics/disk-io.ts";
import type { Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Text } from "../cgroup/parse.ts";
import type { Collector, Host, LabelledValues, Probe } from "./collector.ts";

const { readBytes, writtenBytes, reads, writes } = diskIoMetrics;
/** `Total 0` and the end of the line. */
const V1_EMPTY = 8;

const METRICS = [readBytes, writtenBytes, reads, writes].filter((metric) => metric !== undefined);
const COLUMNS = METRICS.map(columnOf);

/** Values of each device, in the order of the metrics. */
type Devices = Map<string, Float64Array>;

const NONE: LabelledValues = new Map();

/** `Read` and `Write` lines of v1 come from two files: their place among the metrics. */
const V1_BYTES: Readonly<Record<string, number>> = { Read: 0, Write: 1 };
const V1_COUNTS: Readonly<Record<string, number>> = { Read: 2, Write: 3 };
const V2_KEYS: Readonly<Record<string, number>> = { rbytes: 0, wbytes: 1, rios: 2, wios: 3 };

function set(devices: Devices, device: string, place: number | undefined, text: string): void {
  if (place === undefined || !/^\d+$/.test(text)) return;
  let values = devices.get(device);
  if (values === undefined) {
    devices.set(device, (values = new Float64Array(METRICS.length).fill(Number.NaN)));
  }
  // Two sets of books may know the device (see below); the one that counts is ahead.
  values[place] = Math.max(values[place] || 0, Number(text));
}

/** Lines `8:0 Read 4096`. https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html */
export function parseBlkio(
  text: string,
  places: Readonly<Record<string, number>>,
  into: Devices,
): void {
  for (const line of text.split("\n").slice(0, -1)) {
    const [device, operation, value] = line.split(" ");
    if (device === undefined || value === undefined) continue;
    set(into, device, places[operation ?? ""], value);
  }
}

/** Lines `8:0 rbytes=4096 wbytes=0 …`. https://docs.kernel.org/admin-guide/cgroup-v2.html#io-interface-files */
export function parseIoStat(text: string, into: Devices): void {
  for (const line of text.split("\n").slice(0, -1)) {
    const [device, ...pairs] = line.split(" ");
    if (device === undefined) continue;
    for (const pair of pairs) {
      const [key, value] = pair.split("=");
      set(into, device, V2_KEYS[key ?? ""], value ?? "");
    }
  }
}

function stringOf({ bytes, length }: Text): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
}

const names = new Map<string, string>();

/** `/dev/sda` of `8:0`; the numbers themselves if the kernel has no name for them. */
function deviceName(numbers: string, sysRoot: string): string {
  const path = join(sysRoot, "dev", "block", numbers, "uevent");
  let name = names.get(path);
  if (name !== undefined) return name;
  try {
    name = `/dev/${/^DEVNAME=(.+)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? numbers}`;
  } catch {
    name = numbers;
  }
  names.set(path, name);
  return name;
}

function writeSums(row: Row, devices: Devices): void {
  for (const [place, column] of COLUMNS.entries()) {
    let sum = 0;
    for (const values of devices.values()) sum += values[place] || 0;
    row[column] = sum;
  }
}

function named(devices: Devices, sysRoot: string): Devices {
  return new Map([...devices].map(([numbers, values]) => [deviceName(numbers, sysRoot), values]));
}

function openV1(directory: string, { files, sysRoot, blkio }: Host): Probe | undefined {
  const books = blkio.policies.map((policy) => ({
    bytes: files.keep(join(directory, `${policy}.io_service_bytes_recursive`)),
    counts: files.keep(join(directory, `${policy}.io_serviced_recursive`)),
  }));
  let labelled: LabelledValues = NONE;
  const close = (): void => {
    for (const { bytes, counts } of books) {
      files.release(bytes);
      files.release(counts);
    }
  };
  if (books.every((book) => book.bytes === undefined)) {
    close();
    return undefined;
  }
  return {
    get labelled() {
      return labelled;
    },
    read(row) {
      labelled = NONE;
      const coverage = blkio.coverage();
      if (coverage === "none") return;
      const devices: Devices = new Map();
      for (const { bytes, counts } of books) {
        // No device yet: the second file says no more than the first.
        if (!files.read(bytes) || files.text.length <= V1_EMPTY) continue;
        parseBlkio(stringOf(files.text), V1_BYTES, devices);
        if (files.read(counts)) parseBlkio(stringOf(files.text), V1_COUNTS, devices);
      }
      labelled = named(devices, sysRoot);
      // A sum that lacks a disk would be too small.
      if (coverage === "all") writeSums(row, devices);
    },
    close,
  };
}

function openV2(directory: string, { files, sysRoot }: Host): Probe | undefined {
  const stat = files.keep(join(directory, "io.stat"));
  if (stat === undefined) return undefined;
  let labelled: LabelledValues = NONE;
  return {
    get labelled() {
      return labelled;
    },
    read(row) {
      labelled = NONE;
      if (!files.read(stat)) return;
      const devices: Devices = new Map();
      parseIoStat(stringOf(files.text), devices);
      labelled = named(devices, sysRoot);
      writeSums(row, devices);
    },
    close() {
      files.release(stat);
    },
  };
}

/** Block I/O, device by device. */
export const diskIo: Collector = {
  name: "disk-io",
  group: "diskIO",
  metrics: METRICS,
  labelled: METRICS,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const place = cgroup.controller("blkio") ?? cgroup.controller("io");
    if (place === undefined) return undefined;
    return place.version === 2 ? openV2(place.directory, host) : openV1(place.directory, host);
  },
};
