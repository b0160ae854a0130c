import { closePerfGroup, type PerfGroup, type PerfReading } from "../syscalls/perf-event.ts";
import type { SeriesValues } from "./collector.ts";

/** The part of the time in which events were counted; 1 where there has been nothing to count. */
export function scalingRatio({ enabled, running }: PerfReading): number {
  return enabled === 0 ? 1 : Math.min(1, running / enabled);
}

/** A count scaled up to the whole time, as cAdvisor does; NaN if it was never counted. */
export function scaledCount(count: number, ratio: number): number {
  return ratio === 0 ? Number.NaN : Math.floor(count / ratio);
}

/** One group of events on one CPU, and the series that its counts go to. */
export interface Counted {
  readonly group: PerfGroup;
  /** Which series, one for each event. */
  readonly keys: readonly string[];
}

/** Whether a series is about the cores or about the rest: where its values stand in `perfSeries`. */
export type Place = 0 | 2;

const WIDTH = 4;

interface Slot extends Counted {
  readonly reading: PerfReading;
  /** The highest scaled count so far of each event. */
  readonly highest: Float64Array;
  readonly into: readonly Float64Array[];
}

/** Adds up counts into series that never go back. */
export class PerfCounts {
  readonly #place: Place;
  readonly #slots: readonly Slot[];
  readonly #series: Map<string, Float64Array> = new Map();

  constructor(place: Place, counted: readonly Counted[]) {
    this.#place = place;
    this.#slots = counted.map(({ group, keys }) => ({
      group,
      keys,
      reading: { enabled: 0, running: 0, counts: new Float64Array(keys.length) },
      highest: new Float64Array(keys.length).fill(Number.NaN),
      into: keys.map((key) => this.#seriesOf(key)),
    }));
  }

  /** As of the last `read`. */
  get series(): SeriesValues {
    return this.#series;
  }

  /** How many descriptors are open for it. */
  get descriptors(): number {
    return this.#slots.reduce((sum, { group }) => sum + group.descriptors.length, 0);
  }

  /** Reads every group; one that `readGroup` throws for keeps what it had. */
  read(readGroup: (group: PerfGroup, into: PerfReading) => void, onFailure: () => void): void {
    for (const values of this.#series.values()) values.fill(Number.NaN);
    for (const slot of this.#slots) {
      try {
        readGroup(slot.group, slot.reading);
      } catch {
        onFailure();
      }
      this.#add(slot);
    }
  }

  close(): void {
    for (const { group } of this.#slots) closePerfGroup(group);
  }

  #add({ reading, highest, into }: Slot): void {
    const ratio = scalingRatio(reading);
    for (const [index, values] of into.entries()) {
      const scaled = scaledCount(reading.counts[index] ?? Number.NaN, ratio);
      const before = highest[index] ?? Number.NaN;
      // An estimate may fall when the ratio rises; a counter must not.
      const now = before >= scaled || Number.isNaN(scaled) ? before : scaled;
      highest[index] = now;
      this.#put(values, now, ratio);
    }
  }

  #put(values: Float64Array, count: number, ratio: number): void {
    const place = this.#place;
    const sum = values[place] ?? Number.NaN;
    if (!Number.isNaN(count)) values[place] = Number.isNaN(sum) ? count : sum + count;
    const lowest = values[place + 1] ?? Number.NaN;
    values[place + 1] = lowest < ratio ? lowest : ratio;
  }

  #seriesOf(key: string): Float64Array {
    let values = this.#series.get(key);
    if (values === undefined) {
      values = new Float64Array(WIDTH).fill(Number.NaN);
      this.#series.set(key, values);
    }
    return values;
  }
}
