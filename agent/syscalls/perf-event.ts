import { closeSync, readSync } from "node:fs";

import type { Libc } from "./libc.ts";

/** What is to be counted, as `perf_event_attr` has it. */
export interface PerfEvent {
  /** The unit that counts: 0 hardware, 1 software, 3 cache, 4 raw, or a number of `/sys`. */
  readonly type: number;
  readonly config: bigint;
  readonly config1: bigint;
  readonly config2: bigint;
  /** Only what is done in user mode, or only in the kernel. */
  readonly only?: "user" | "kernel";
}

/** `PERF_ATTR_SIZE_VER1`: the first that has `config2`, so that every kernel knows it. */
const SIZE = 72;

/** `PERF_FORMAT_TOTAL_TIME_ENABLED | _TOTAL_TIME_RUNNING | _GROUP` */
const READ_FORMAT = 1n | 2n | 8n;

const DISABLED = 1n;
const EXCLUDE_USER = 1n << 4n;
const EXCLUDE_KERNEL = 1n << 5n;

const FLAG_PID_CGROUP = 4;
const FLAG_CLOEXEC = 8;
const IOCTL_ENABLE = 0x2400;

/** A `struct perf_event_attr`; the leader of a group is off until the whole group stands. */
export function encodePerfEvent(event: PerfEvent, isLeader: boolean): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, event.type, true);
  view.setUint32(4, SIZE, true);
  view.setBigUint64(8, event.config, true);
  view.setBigUint64(32, READ_FORMAT, true);
  let flags = isLeader ? DISABLED : 0n;
  if (event.only === "kernel") flags |= EXCLUDE_USER;
  if (event.only === "user") flags |= EXCLUDE_KERNEL;
  view.setBigUint64(40, flags, true);
  view.setBigUint64(56, event.config1, true);
  view.setBigUint64(64, event.config2, true);
  return bytes;
}

/** Where events are counted: for one cgroup (the descriptor of its directory) or for all, on one CPU. */
export interface PerfPlace {
  readonly cgroup: number | undefined;
  readonly cpu: number;
}

/** Events that are counted together, on one CPU. */
export interface PerfGroup {
  /** One for each event, the leader's first. */
  readonly descriptors: readonly number[];
}

/**
 * Opens events that are counted in the same moments, and starts them. Returns the number of the
 * error, below 0, if the kernel refuses one of them; nothing is open then.
 */
export function openPerfGroup(
  libc: Libc,
  events: readonly PerfEvent[],
  { cgroup, cpu }: PerfPlace,
): PerfGroup | number {
  const flags = cgroup === undefined ? FLAG_CLOEXEC : FLAG_CLOEXEC | FLAG_PID_CGROUP;
  const descriptors: number[] = [];
  for (const event of events) {
    const [leader = -1] = descriptors;
    const attr = encodePerfEvent(event, leader === -1);
    const descriptor = libc.perfEventOpen(attr, cgroup ?? -1, cpu, leader, flags);
    if (descriptor < 0) {
      closePerfGroup({ descriptors });
      return descriptor;
    }
    descriptors.push(descriptor);
  }
  const started = libc.ioctl(descriptors[0] ?? -1, IOCTL_ENABLE, 0);
  if (started >= 0) return { descriptors };
  closePerfGroup({ descriptors });
  return started;
}

/** Stops counting. */
export function closePerfGroup({ descriptors }: PerfGroup): void {
  // Members first: one that loses its leader would go on by itself.
  for (const descriptor of descriptors.toReversed()) closeSync(descriptor);
}

/** What a group has counted so far. The counts are those of the moments in which it was counted. */
export interface PerfReading {
  /** Nanoseconds in which there was something to count. */
  enabled: number;
  /** Nanoseconds of these in which it was counted. */
  running: number;
  /** In the order of the events. */
  readonly counts: Float64Array;
}

const HEAD = 3 * 8;
let bytes = Buffer.alloc(1024);

/** Reads a group into `into`; throws what `read` throws. */
export function readPerfGroup({ descriptors }: PerfGroup, into: PerfReading): void {
  const length = HEAD + 8 * descriptors.length;
  if (bytes.length < length) bytes = Buffer.alloc(length);
  const read = readSync(descriptors[0] ?? -1, bytes, 0, length, null);
  // A group that could not be scheduled at all (its leader pinned) reads as an end of file.
  if (read < length) throw new Error(`cannot read perf events: ${read} bytes of ${length}`);
  into.enabled = numberAt(8);
  into.running = numberAt(16);
  for (let at = 0; at < descriptors.length; at++) into.counts[at] = numberAt(HEAD + 8 * at);
}

/** Exact up to 2^53; made of two halves, as a BigInt for each number would be rubbish to collect. */
function numberAt(offset: number): number {
  return bytes.readUInt32LE(offset + 4) * 2 ** 32 + bytes.readUInt32LE(offset);
}
