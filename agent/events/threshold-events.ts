import type { EventType } from "../../wire/events/event.ts";
import { allStats } from "../../wire/metrics/all.ts";
import { derivationOf } from "../../wire/stats/answer.ts";
import type { Derive } from "../../wire/stats/derive.ts";
import type { Tracked } from "../window/tracked.ts";
import type { Window } from "../window/window.ts";
import type { Narrator } from "./narrator.ts";

/** From when on something is told, as a part of the time; 0 = never. */
export interface Thresholds {
  readonly throttled: number;
  readonly pressure: number;
}

/** A statistic that is watched. */
interface Watched {
  readonly resource: string;
  readonly derive: Derive;
  readonly threshold: number;
  readonly began: EventType;
  readonly ended: EventType;
}

/** The average over so many samples is what counts: a moment's burst is no event. */
const SAMPLES = 10;
/** It ends below so much of the threshold, so that it does not flicker. */
const CALM = 0.8;

const PRESSURES = ["cpu", "memory", "io"] as const;

/** Tells when a container is throttled, or stalled for want of something, for longer than a moment. */
export class ThresholdEvents {
  readonly #window: Window;
  readonly #narrator: Narrator;
  readonly #watched: readonly Watched[];
  /** Since when, Unix milliseconds, for each container and statistic that is above. */
  readonly #above: WeakMap<Tracked, Map<Watched, number>> = new WeakMap();

  constructor(window: Window, narrator: Narrator, thresholds: Thresholds) {
    this.#window = window;
    this.#narrator = narrator;
    this.#watched = watchedOf(thresholds);
  }

  /** All cgroups have been read. */
  endPass(time: number): void {
    if (this.#watched.length === 0) return;
    for (const tracked of this.#window.live) {
      if (tracked.container.container_id === undefined) continue;
      for (const watched of this.#watched) this.#judge(tracked, watched, time);
    }
  }

  #judge(tracked: Tracked, watched: Watched, time: number): void {
    const ratio = recentAverage(tracked, watched.derive);
    const since = this.#above.get(tracked)?.get(watched);
    if (Number.isNaN(ratio)) return;
    const { resource, threshold } = watched;
    const told = { resource, ratio: Number(ratio.toPrecision(4)), threshold };
    if (since === undefined && ratio >= threshold) {
      this.#set(tracked, watched, time);
      this.#narrator.tell(watched.began, tracked.container, told, time);
    } else if (since !== undefined && ratio < threshold * CALM) {
      this.#set(tracked, watched, undefined);
      const seconds = Math.round((time - since) / 1000);
      this.#narrator.tell(watched.ended, tracked.container, { ...told, seconds }, time);
    }
  }

  #set(tracked: Tracked, watched: Watched, since: number | undefined): void {
    const own = this.#above.get(tracked) ?? new Map<Watched, number>();
    this.#above.set(tracked, own);
    if (since === undefined) own.delete(watched);
    else own.set(watched, since);
  }
}

function recentAverage({ ring, container }: Tracked, derive: Derive): number {
  if (ring.length < SAMPLES) return Number.NaN;
  let sum = 0;
  for (let position = ring.length - SAMPLES; position < ring.length; position++) {
    // Absent is nothing: no period in which it could have been throttled has passed.
    sum += derive(ring, position, container.limits) || 0;
  }
  return sum / SAMPLES;
}

function watchedOf({ throttled, pressure }: Thresholds): Watched[] {
  const pressures = PRESSURES.map((resource) =>
    watch(resource, `pressure_${resource}_some_ratio`, pressure, "pressure"),
  );
  return [watch("cpu", "cpu_throttled_ratio", throttled, "throttling"), ...pressures].flat();
}

function watch(
  resource: string,
  name: string,
  threshold: number,
  kind: "pressure" | "throttling",
): Watched[] {
  const stat = allStats.find((one) => one.name === name);
  if (stat === undefined || threshold === 0) return [];
  const derive = derivationOf(stat);
  return [{ resource, derive, threshold, began: `${kind}_began`, ended: `${kind}_ended` }];
}
