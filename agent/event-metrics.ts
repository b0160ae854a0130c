import type { Registry } from "prom-client";

import { observedCounter, observedGauge } from "../lib/observed-metrics.ts";
import type { Events } from "./open-events.ts";

/** What has been put down of events, and how the disk takes it. */
export function addEventMetrics(registry: Registry, events: Events): void {
  const { log, segments } = events;
  observedCounter(registry, {
    name: "plimsoll_agent_events_total",
    help: "Events that were put down.",
    read: (tell) => tell(events.count),
  });
  observedGauge(registry, {
    name: "plimsoll_agent_events_kept",
    help: "Events that can be asked for: those on disk, or in memory where there is none.",
    read: (tell) => tell(segments?.state().events ?? log.size),
  });
  observedGauge(registry, {
    name: "plimsoll_agent_events_bytes",
    help: "What events take on disk.",
    read: (tell) => tell(segments?.state().bytes ?? 0),
  });
  observedGauge(registry, {
    name: "plimsoll_agent_events_waiting",
    help: "Events that wait for the disk.",
    read: (tell) => tell(segments?.state().waiting ?? 0),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_events_lost_total",
    help: "Events that the disk never took.",
    read: (tell) => tell(segments?.state().lost ?? 0),
  });
  observedCounter(registry, {
    name: "plimsoll_agent_events_broken_lines_total",
    help: "Lines of the log of events that were not what had been written.",
    read: (tell) => tell(segments?.state().broken ?? 0),
  });
}
