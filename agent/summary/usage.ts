import { columnOf } from "../../wire/metrics/all.ts";
import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import { memoryMetrics } from "../../wire/metrics/memory.ts";
import type { Ring } from "../../wire/ring.ts";

/** The two resources that summaries are about: CPU in millicores, working set in bytes. */
export const RESOURCES = ["cpu", "memory"] as const;

/** One of them. */
export type Resource = (typeof RESOURCES)[number];

/** What was used in a stretch of time, sample by sample. */
export interface Stretch {
  /** How much time the samples cover. */
  readonly seconds: number;
  readonly cpu: Float64Array;
  readonly memory: Float64Array;
}

const CPU = columnOf(cpuMetrics.usage);
const WORKING_SET = columnOf(memoryMetrics.workingSet);

const MILLISECONDS = 1000;

/** Nanoseconds in a millisecond of one thousandth of a core. */
const MILLICORE = 1000;

/** Millicores between a sample and the one before; NaN where they can't be compared. */
export function millicoresAt(ring: Ring, position: number): number {
  const growth = ring.valueAt(position, CPU) - ring.valueAt(position - 1, CPU);
  return growth >= 0 ? growth / ring.intervalAt(position) / MILLICORE : Number.NaN;
}

/** Bytes of working set at a sample. */
export function workingSetAt(ring: Ring, position: number): number {
  return ring.valueAt(position, WORKING_SET);
}

/** The samples of a ring after a time (Unix milliseconds). */
export function stretchAfter(ring: Ring, time: number): Stretch {
  const from = ring.positionAt(time);
  const cpu: number[] = [];
  const memory: number[] = [];
  let covered = 0;
  for (let position = from; position < ring.length; position++) {
    if (ring.timeAt(position) <= time) continue;
    const millicores = millicoresAt(ring, position);
    const workingSet = workingSetAt(ring, position);
    const interval = ring.intervalAt(position);
    if (!Number.isNaN(interval)) covered += interval;
    if (!Number.isNaN(millicores)) cpu.push(millicores);
    if (!Number.isNaN(workingSet)) memory.push(workingSet);
  }
  return {
    seconds: covered / MILLISECONDS,
    cpu: Float64Array.from(cpu),
    memory: Float64Array.from(memory),
  };
}
