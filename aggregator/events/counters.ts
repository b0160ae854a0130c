import { Counter, type Registry } from "prom-client";

import { EVENT_TYPES, type EventType } from "../../wire/events/event.ts";

/** What is counted of events. */
export interface EventCounters {
  /** An event was put down. */
  told(type: EventType): void;
  /** An agent no longer had all that followed the last event of it that we have. */
  gap(node: string): void;
  /** What an agent told was no event of its node. */
  refused(node: string): void;
}

/** Counts on a registry. */
export function createEventCounters(registry: Registry): EventCounters {
  const registers = [registry];
  const events = new Counter({
    name: "plimsoll_aggregator_events_total",
    help: "Events put down: those of agents, and what was noticed of nodes and services.",
    labelNames: ["type"],
    registers,
  });
  const gaps = new Counter({
    name: "plimsoll_aggregator_event_gaps_total",
    help: "Times that an agent could not tell all its events since the last one any more.",
    labelNames: ["node"],
    registers,
  });
  const refused = new Counter({
    name: "plimsoll_aggregator_refused_events_total",
    help: "Messages of agents that were no events of their node.",
    labelNames: ["node"],
    registers,
  });
  // So that a rate is right from the first one on.
  for (const type of EVENT_TYPES) events.inc({ type }, 0);
  return {
    told: (type) => events.inc({ type }),
    gap: (node) => gaps.inc({ node }),
    refused: (node) => refused.inc({ node }),
  };
}
