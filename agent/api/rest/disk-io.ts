import { columnOf } from "../../../wire/metrics/all.ts";
import { diskIoMetrics, type DiskNumber, placeOf } from "../../../wire/metrics/disk-io.ts";
import { diskIo } from "../../collectors/disk-io.ts";
import type { Tracked } from "../../window/tracked.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { pressureOf } from "./pressure.ts";
import { type LabelledValues, type Sample, seriesOf, whole } from "./sample.ts";

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

const USAGE = placeOf("usage");

/** A device as the API names it, and its values. */
interface Device {
  readonly device: string;
  readonly major: number;
  readonly minor: number;
  readonly values: Float64Array;
  /** Bytes by kind of operation. */
  readonly bytes: Map<string, GoValue>;
}

/** The devices of which the kernel tells the numbers: partitions, which only the machine has, are left out. */
function devicesOf(tracked: Tracked): Device[] {
  const series = seriesOf(tracked, diskIo);
  const values = new Map<string, Float64Array>();
  for (const each of series) {
    if (each.labels["operation"] === undefined)
      values.set(each.labels["device"] ?? "", each.values);
  }
  const devices = new Map<string, Device>();
  for (const each of series) {
    const { operation } = each.labels;
    if (operation === undefined) continue;
    const device = deviceOf(each, values, devices);
    device.bytes.set(operation, whole(each.values[USAGE] ?? 0));
  }
  return [...devices.values()];
}

function deviceOf(
  { labels }: LabelledValues,
  values: ReadonlyMap<string, Float64Array>,
  known: Map<string, Device>,
): Device {
  const { device = "", major = "", minor = "" } = labels;
  const key = `${major}:${minor}`;
  let found = known.get(key);
  if (found === undefined) {
    found = {
      // cAdvisor's word for a device without a name.
      device: device.startsWith("/") ? device : "",
      major: Number(major),
      minor: Number(minor),
      values: values.get(device) ?? new Float64Array(0),
      bytes: new Map(),
    };
    known.set(key, found);
  }
  return found;
}

function entry({ device, major, minor }: Device, stats: ReadonlyMap<string, GoValue>): GoObject {
  return { device, major, minor, stats };
}

/** The entries of one kind of number: what each operation's is, and how many steps one of ours has. */
function entriesOf(
  devices: readonly Device[],
  operations: Readonly<Record<string, DiskNumber>>,
  scale = 1,
): GoValue {
  const entries = devices.flatMap((device) => {
    const stats = new Map<string, GoValue>();
    for (const [operation, number] of Object.entries(operations)) {
      const value = device.values[placeOf(number)] ?? Number.NaN;
      if (!Number.isNaN(value)) stats.set(operation, Math.round(value * scale));
    }
    return stats.size === 0 ? [] : [entry(device, stats)];
  });
  return entries.length === 0 ? undefined : entries;
}

function newestOf(devices: readonly Device[]): GoObject {
  return {
    io_service_bytes:
      devices.length === 0 ? undefined : devices.map((device) => entry(device, device.bytes)),
    io_serviced: entriesOf(devices, { Read: "reads", Write: "writes" }),
    io_queued: entriesOf(devices, { Total: "inProgress" }),
    sectors: entriesOf(devices, { Read: "sectorsRead", Write: "sectorsWritten" }),
    io_service_time: entriesOf(
      devices,
      { Read: "readSeconds", Write: "writeSeconds" },
      NANOSECONDS,
    ),
    io_merged: entriesOf(devices, { Read: "readsMerged", Write: "writesMerged" }),
    io_time: entriesOf(devices, { Count: "busySeconds" }, MILLISECONDS),
    io_cost_usage: entriesOf(devices, { Count: "costUsage" }, MICROSECONDS),
    io_cost_wait: entriesOf(devices, { Count: "costWait" }, MICROSECONDS),
    io_cost_indebt: entriesOf(devices, { Count: "costIndebt" }, MICROSECONDS),
    io_cost_indelay: entriesOf(devices, { Count: "costIndelay" }, MICROSECONDS),
  };
}

/** The window keeps the sums over all devices: where there is but one device, they are its numbers. */
function olderOf({ tracked, position }: Sample, devices: readonly Device[]): GoObject {
  const [only] = devices;
  if (only === undefined || devices.length > 1) return {};
  const sums = (read: keyof typeof diskIoMetrics, written: keyof typeof diskIoMetrics): GoValue => {
    const stats = new Map<string, GoValue>();
    for (const [operation, metric] of [
      ["Read", diskIoMetrics[read]],
      ["Write", diskIoMetrics[written]],
    ] as const) {
      const value = tracked.ring.valueAt(position, columnOf(metric));
      if (!Number.isNaN(value)) stats.set(operation, value);
    }
    return stats.size === 0 ? undefined : [entry(only, stats)];
  };
  return {
    io_service_bytes: sums("readBytes", "writtenBytes"),
    io_serviced: sums("reads", "writes"),
  };
}

/** Block I/O by device. */
export function diskIoOf(sample: Sample): GoObject {
  const devices = devicesOf(sample.tracked);
  const numbers = sample.isNewest ? newestOf(devices) : olderOf(sample, devices);
  return { ...numbers, psi: pressureOf(sample, "io") };
}

/** Whether block I/O is measured. */
export function hasDiskIo(tracked: Tracked): boolean {
  return tracked.seriesOf(diskIo) !== undefined;
}
