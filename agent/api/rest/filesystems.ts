import { columnOf } from "../../../wire/metrics/all.ts";
import { type DiskNumber, placeOf } from "../../../wire/metrics/disk-io.ts";
import { filesystemMetrics } from "../../../wire/metrics/filesystem.ts";
import { diskIo } from "../../collectors/disk-io.ts";
import { filesystem } from "../../collectors/filesystem.ts";
import type { MachineFilesystem } from "../../filesystems/usage.ts";
import type { Tracked } from "../../window/tracked.ts";
import type { GoObject } from "./go-json.ts";
import { positive, type Sample, seriesOf, whole } from "./sample.ts";

const MILLISECONDS = 1e3;
const NANOSECONDS = 1e9;

/** What is known of one filesystem at one sample. */
export interface Fs {
  readonly device: string;
  readonly type: string;
  readonly capacity: number;
  readonly usage: number;
  /** NaN = not known. */
  readonly available: number;
  readonly inodes: number;
  /** NaN of a container, whose inodes are those that it uses. */
  readonly inodesFree: number;
  /** What its device does, in the order of the collector's series; of the machine alone. */
  readonly io: Float64Array | undefined;
}

const DEFAULT_TYPE = "vfs";
const USAGE = columnOf(filesystemMetrics.usage);

/** The machine's disks by their names. */
function disksOf(tracked: Tracked): Map<string, Float64Array> {
  const disks = seriesOf(tracked, diskIo).filter(({ labels }) => labels["operation"] === undefined);
  return new Map(disks.map(({ labels, values }) => [labels["device"] ?? "", values]));
}

/** Whether the filesystems of a cgroup are measured. */
export function hasFilesystem(tracked: Tracked): boolean {
  return seriesOf(tracked, filesystem).some(({ labels }) => labels["volume"] === undefined);
}

/** The filesystems of a container, or of the machine. */
export function filesystemsOf(
  { tracked, position, isNewest }: Sample,
  machine: readonly MachineFilesystem[],
): Fs[] {
  const isMachine = tracked.cgroup.id === "/";
  const disks = isMachine ? disksOf(tracked) : new Map<string, Float64Array>();
  const known = new Map(machine.map((each) => [each.device, each]));
  const newest = seriesOf(tracked, filesystem).flatMap(({ labels, values }): Fs[] => {
    const { device = "", volume } = labels;
    const [usage = 0, capacity = 0, inodes = 0, inodesFree = 0] = values;
    if (volume !== undefined) return [];
    const { type = DEFAULT_TYPE, available = Number.NaN } = isMachine
      ? (known.get(device) ?? {})
      : {};
    return [
      { device, type, capacity, usage, available, inodes, inodesFree, io: disks.get(device) },
    ];
  });
  if (isNewest) return newest;
  // The window keeps the sum: where there is but one, it is that one's.
  const [only] = newest;
  const usage = tracked.ring.valueAt(position, USAGE);
  if (only === undefined || newest.length > 1 || Number.isNaN(usage)) return [];
  return [{ ...only, usage, inodes: Number.NaN, inodesFree: Number.NaN, io: undefined }];
}

function ioOf({ io }: Fs): (number: DiskNumber, scale?: number) => number {
  return (number, scale = 1) => whole(Math.round((io?.[placeOf(number)] ?? Number.NaN) * scale));
}

/** A filesystem as API v1 has it. */
export function encodeFs(fs: Fs): GoObject {
  const io = ioOf(fs);
  return {
    device: fs.device === "" ? undefined : fs.device,
    type: fs.type,
    capacity: whole(fs.capacity),
    usage: whole(fs.usage),
    base_usage: Number.isNaN(fs.available) ? whole(fs.usage) : 0,
    available: whole(fs.available),
    has_inodes: !Number.isNaN(fs.inodesFree),
    inodes: whole(fs.inodes),
    inodes_free: whole(fs.inodesFree),
    reads_completed: io("reads"),
    reads_merged: io("readsMerged"),
    sectors_read: io("sectorsRead"),
    read_time: io("readSeconds", MILLISECONDS),
    writes_completed: io("writes"),
    writes_merged: io("writesMerged"),
    sectors_written: io("sectorsWritten"),
    write_time: io("writeSeconds", MILLISECONDS),
    io_in_progress: io("inProgress"),
    io_time: io("busySeconds", MILLISECONDS),
    weighted_io_time: io("weightedSeconds", MILLISECONDS),
  };
}

/** The same of the machine as `machinestats` has it. */
export function encodeMachineFs(fs: Fs): GoObject {
  const io = ioOf(fs);
  return {
    device: fs.device,
    type: fs.type,
    capacity: positive(fs.capacity),
    usage: positive(fs.usage),
    available: positive(fs.available),
    inodes_free: positive(fs.inodesFree),
    inline: {
      reads_completed: positive(io("reads")),
      reads_merged: positive(io("readsMerged")),
      sectors_read: positive(io("sectorsRead")),
      read_duration: positive(io("readSeconds", NANOSECONDS)),
      writes_completed: positive(io("writes")),
      writes_merged: positive(io("writesMerged")),
      sectors_written: positive(io("sectorsWritten")),
      write_duration: positive(io("writeSeconds", NANOSECONDS)),
      io_in_progress: positive(io("inProgress")),
      io_duration: positive(io("busySeconds", NANOSECONDS)),
      weighted_io_duration: positive(io("weightedSeconds", NANOSECONDS)),
    },
  };
}

/** A container's filesystem as `stats` of v2.1 has it, only if there is just one; the key is cAdvisor's own. */
export function encodeFsV2(all: readonly Fs[]): GoObject | undefined {
  const [only] = all;
  if (only === undefined || all.length > 1) return undefined;
  return {
    totalUsageBytes: whole(only.usage),
    baseUsageBytes: whole(only.usage),
    containter_inode_usage: Number.isNaN(only.inodes) ? undefined : whole(only.inodes),
  };
}
