import type { Series } from "./metric.ts";

function counter(name: string, help: string, per: readonly string[]): Series {
  return { type: "counter", group: "perf_event", scale: 1, family: { name, help }, per };
}

function ratio(name: string, help: string, per: readonly string[]): Series {
  return { type: "gauge", group: "perf_event", scale: 1, family: { name, help }, per };
}

const CORE = ["cpu", "event"];
const UNCORE = ["socket", "event", "pmu"];

/** Events that processors and the kernel count: count and ratio of the cores', then of the rest's. */
export const perfSeries: readonly Series[] = [
  counter(
    "container_perf_events_total",
    "Perf events, scaled up where they could not be counted all the time.",
    CORE,
  ),
  ratio(
    "container_perf_events_scaling_ratio",
    "Part of the time in which perf events could be counted.",
    CORE,
  ),
  counter(
    "container_perf_uncore_events_total",
    "Perf events outside the cores, scaled up where they could not be counted all the time.",
    UNCORE,
  ),
  ratio(
    "container_perf_uncore_events_scaling_ratio",
    "Part of the time in which perf events outside the cores could be counted.",
    UNCORE,
  ),
];
