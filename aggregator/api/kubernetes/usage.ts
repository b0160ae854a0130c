import { columnOf } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import type { Ring } from "../../../wire/ring.ts";

/** What is used over the last seconds. */
export interface Usage {
  readonly cores: number;
  /** The working set at the end. */
  readonly memoryBytes: number;
  /** Unix milliseconds of the newest sample. */
  readonly time: number;
  /** Milliseconds up to then that the CPU time is averaged over. */
  readonly window: number;
}

/** As much as lies between two scrapes of metrics-server as it is installed. Milliseconds. */
const WINDOW = 15_000;
const NANOSECONDS_PER_MILLISECOND = 1e6;

const cpuColumn = columnOf(cpuMetrics.usage);
const memoryColumn = columnOf(memoryMetrics.workingSet);

/**
 * CPU over the last 15 seconds, or over what there is since the container began or was last lost sight of;
 * over one interval where samples are further apart. Undefined until both can be told.
 */
export function usageOf(ring: Ring): Usage | undefined {
  const newest = ring.length - 1;
  const memoryBytes = ring.valueAt(newest, memoryColumn);
  if (newest < 1 || Number.isNaN(memoryBytes)) return undefined;
  let [grown, window] = [0, 0];
  for (let position = newest; position > 0; position--) {
    const interval = ring.intervalAt(position);
    // As many as come closest: a sample that is a moment late makes no difference.
    if (window > 0 && window + interval / 2 > WINDOW) break;
    const growth = ring.valueAt(position, cpuColumn) - ring.valueAt(position - 1, cpuColumn);
    // Before a sample that can't be compared with the one before lies another life.
    if (!(interval > 0) || !(growth >= 0)) break;
    grown += growth;
    window += interval;
  }
  if (window === 0) return undefined;
  const cores = grown / window / NANOSECONDS_PER_MILLISECOND;
  return { cores, memoryBytes, time: ring.timeAt(newest), window };
}
