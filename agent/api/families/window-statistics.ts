import { windowFamilies } from "../../../wire/metrics/window.ts";
import { SUMMARIES } from "../../../wire/stats/summary.ts";
import { WindowSummary } from "../../../wire/stats/window-summary.ts";
import type { Tracked } from "../../window/tracked.ts";
import type { ContainerFamily } from "./family.ts";

/** Of whom the window is summed up: of containers and the machine, of every cgroup, or of nobody. */
export type WindowStatistics = "containers" | "all" | "none";

/** The same. */
export const WINDOW_STATISTICS: readonly WindowStatistics[] = ["containers", "all", "none"];

interface Summed {
  /** The pass of the newest sample in it. */
  tick: number;
  readonly values: Float64Array;
}

const LABELS = SUMMARIES.map((summary) => `stat="${summary}"`);

/**
 * `plimsoll_window_*`: what happened between two scrapes. Plain cgroups are left out by default:
 * there are many of them, and hardly anybody asks for the least memory of a system service.
 */
export function windowStatistics(of: WindowStatistics): readonly ContainerFamily[] {
  if (of === "none") return [];
  const summary = new WindowSummary(windowFamilies.map(({ stat }) => stat));
  const kept = new WeakMap<Tracked, Summed>();
  // All families of one page, and every other page of the same second, share one walk.
  const summaryOf = (tracked: Tracked): Float64Array => {
    const { ring, container } = tracked;
    const tick = ring.tickAt(ring.length - 1);
    let summed = kept.get(tracked);
    if (summed === undefined) {
      kept.set(tracked, (summed = { tick: -1, values: new Float64Array(summary.length) }));
    }
    if (summed.tick !== tick) summary.summarize(ring, container.limits, summed.values);
    summed.tick = tick;
    return summed.values;
  };
  return windowFamilies.map(({ name, help }, index) => ({
    name,
    help,
    type: "gauge",
    isSampled: true,
    write(tracked, emit) {
      const { runtime, id } = tracked.container;
      if (of === "containers" && runtime === undefined && id !== "/") return;
      const values = summaryOf(tracked);
      const start = index * SUMMARIES.length;
      for (let place = 0; place < SUMMARIES.length; place++) {
        emit(LABELS[place] ?? "", values[start + place] ?? Number.NaN);
      }
    },
  }));
}
