import { collectDefaultMetrics, type Registry } from "prom-client";

import { observedCounter, observedGauge } from "./observed-metrics.ts";
import type { Reloads } from "./surroundings.ts";
import { version } from "./version.ts";

/** Gauges that are named like counters, which Prometheus's own linter refuses. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/**
 * These come from a timer that by default rings a hundred times a second, which would cost more than
 * sampling a hundred cgroups. `nodejs_eventloop_lag_seconds` needs no timer and stays.
 */
const LAGS = ["min", "max", "mean", "stddev", "p50", "p90", "p99"].map(
  (part) => `nodejs_eventloop_lag_${part}_seconds`,
);
const RARELY_MS = 3_600_000;

/** Adds what every program tells of itself: `process_*`, `nodejs_*`, its version, its settings. */
export function addProcessMetrics(registry: Registry, reloads: Reloads): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: RARELY_MS });
  for (const name of [...MISNAMED, ...LAGS]) registry.removeSingleMetric(name);
  observedGauge(registry, {
    name: "plimsoll_build_info",
    help: "The version that runs; always 1.",
    labels: ["version"],
    read: (tell) => tell(1, { version }),
  });
  observedCounter(registry, {
    name: "plimsoll_config_reloads_total",
    help: "How often the settings were read again, by result.",
    labels: ["result"],
    read(tell) {
      tell(reloads.succeeded, { result: "success" });
      tell(reloads.failed, { result: "failure" });
    },
  });
  observedGauge(registry, {
    name: "plimsoll_config_last_reload_successful",
    help: "Whether the settings that were read last are in force.",
    read: (tell) => tell(Number(reloads.lastSucceeded)),
  });
}
