import type { Registry } from "prom-client";

import { observedCounter } from "../lib/observed-metrics.ts";
import type { Absences } from "./collectors/absences.ts";

/** Adds how often something that was asked for could not be measured. */
export function addAbsences(registry: Registry, absences: Absences): void {
  observedCounter(registry, {
    name: "plimsoll_agent_absences_total",
    help: "How often something that was asked for could not be measured, by collector and reason.",
    labels: ["collector", "reason"],
    read(tell) {
      for (const { collector, reason, count } of absences.counts()) {
        tell(count, { collector, reason });
      }
    },
  });
}
