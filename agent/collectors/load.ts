import { encodeLabels } from "../../wire/exposition/encode.ts";
import { columnOf } from "../../wire/metrics/all.ts";
import { loadMetrics, loadSeries, TASK_STATES } from "../../wire/metrics/load.ts";
import { type Cgroup, taskListOf } from "../cgroup/cgroup.ts";
import { directoriesOf } from "../cgroup/inner-cgroups.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { Standstill } from "./standstill.ts";
import { countStates } from "./task-list.ts";

const RUNNING = TASK_STATES.indexOf("running");
const UNINTERRUPTIBLE = TASK_STATES.indexOf("uninterruptible");
const RUNNING_AVERAGE = columnOf(loadMetrics.running);
const UNINTERRUPTIBLE_AVERAGE = columnOf(loadMetrics.uninterruptible);

const DECAY_MS = 10_000;

/**
 * Looking at each task costs 10 µs, so the tasks of a cgroup that stands still are looked at every so
 * many samples. In between nothing can change but that a task waits for a CPU that it does not get.
 */
const STILL_SAMPLES = 5;

/** There only if the operator asks for the states of tasks. */
export interface LoadClock {
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
}

/** An average that follows its number within some 10 seconds. It begins as the first number. */
export class DecayingAverage {
  #average = Number.NaN;
  #at = 0;

  /** The average in whole thousandths, cut off as cAdvisor cuts them. NaN is passed over. */
  add(number: number, at: number): number {
    const decay = Math.exp(-(at - this.#at) / DECAY_MS);
    if (Number.isNaN(number)) return Number.NaN;
    this.#average = Number.isNaN(this.#average)
      ? number
      : this.#average * decay + number * (1 - decay);
    this.#at = at;
    return Math.trunc(this.#average * 1000);
  }
}

/**
 * How many tasks are in which state, and how many want a CPU on average, where the operator asks.
 * The kernel's own count of them by state (netlink, `CGROUPSTATS_CMD_GET`) would cost less, but
 * knows v1 alone, and since Linux 6.1 passes over most tasks that sleep, as it does not expect them
 * to be freezable.
 */
export const load: Collector = {
  name: "load",
  group: "cpuLoad",
  metrics: Object.values(loadMetrics),
  series: loadSeries,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const place = cgroup.controller("cpu") ?? cgroup.directories[0];
    const clock = host.load;
    if (place === undefined || clock === undefined) return undefined;
    const { files, procRoot } = host;
    const lists = (): string[] => directoriesOf(cgroup.id, place).map(taskListOf);
    const counts = new Float64Array(TASK_STATES.length);
    if (!countStates(lists(), procRoot, files, counts)) return undefined;
    const [running, uninterruptible] = [new DecayingAverage(), new DecayingAverage()];
    const series = new Map(
      TASK_STATES.map((state) => [encodeLabels({ state }), new Float64Array(1)] as const),
    );
    const standstill = new Standstill();
    let since = STILL_SAMPLES;
    return {
      series,
      read(row) {
        const isStill = standstill.isStill(row) && counts[RUNNING] === 0;
        since = isStill && since < STILL_SAMPLES ? since + 1 : 0;
        if (since === 0) countStates(lists(), procRoot, files, counts);
        const now = clock.monotonic();
        row[RUNNING_AVERAGE] = running.add(counts[RUNNING] ?? Number.NaN, now);
        row[UNINTERRUPTIBLE_AVERAGE] = uninterruptible.add(
          counts[UNINTERRUPTIBLE] ?? Number.NaN,
          now,
        );
        let state = 0;
        for (const values of series.values()) values[0] = counts[state++] ?? Number.NaN;
      },
      close() {},
    };
  },
};
