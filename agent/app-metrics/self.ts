import type { Registry } from "prom-client";

import { observedCounter } from "../../lib/observed-metrics.ts";
import type { AppMetrics } from "./app-metrics.ts";

/** Adds what the scraping of containers tells of itself. */
export function addAppMetricsCounters(registry: Registry, { results, dropped }: AppMetrics): void {
  observedCounter(registry, {
    name: "plimsoll_agent_app_scrapes_total",
    help: "Containers asked for their own metrics, or not asked for a reason, by result.",
    labels: ["result"],
    read(tell) {
      for (const [result, scrapes] of results) tell(scrapes, { result });
    },
  });
  observedCounter(registry, {
    name: "plimsoll_agent_app_series_dropped_total",
    help: "Series of containers' own metrics that were left out, by reason.",
    labels: ["reason"],
    read(tell) {
      for (const [reason, series] of dropped) tell(series, { reason });
    },
  });
}
