import { Counter, Gauge, type Registry } from "prom-client";

import type { SinkState } from "../sinks/sink.ts";

interface Family {
  readonly name: string;
  readonly help: string;
  readonly read: (state: SinkState, now: number) => number;
}

const gauges: readonly Family[] = [
  {
    name: "plimsoll_sink_waiting_points",
    help: "Points that wait for a store.",
    read: (state) => state.waitingPoints,
  },
  {
    name: "plimsoll_sink_waiting_bytes",
    help: "Bytes that wait for a store.",
    read: (state) => state.waitingBytes,
  },
  {
    name: "plimsoll_sink_capacity_bytes",
    help: "Bytes that may wait for a store; of more the oldest are let go.",
    read: (state) => state.capacityBytes,
  },
  {
    name: "plimsoll_sink_oldest_seconds",
    help: "How long the oldest point has waited for a store; 0 if none waits.",
    read: ({ oldest }, now) => (oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000)),
  },
];

const counters: readonly Family[] = [
  {
    name: "plimsoll_sink_sent_points_total",
    help: "Points that a store has taken.",
    read: (state) => state.sentPoints,
  },
  {
    name: "plimsoll_sink_refused_points_total",
    help: "Points that a store will never take; they are set aside.",
    read: (state) => state.refusedPoints,
  },
  {
    name: "plimsoll_sink_dropped_points_total",
    help: "Points that were let go, as their queue was full or they had waited for too long.",
    read: (state) => state.droppedPoints,
  },
  {
    name: "plimsoll_sink_damaged_files_total",
    help: "Files of a queue of which something could not be read; it is set aside.",
    read: (state) => state.damagedFiles,
  },
  {
    name: "plimsoll_sink_failures_total",
    help: "Requests to a store that failed; they are repeated.",
    read: (state) => state.failures,
  },
];

/** The stores that measurements are sent to: how full their queues are, and what became of the points. */
export function addSinks(
  registry: Registry,
  states: () => readonly SinkState[],
  now: () => number,
): void {
  const labelNames = ["sink"];
  for (const { name, help, read } of gauges) {
    const gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const state of states()) this.set({ sink: state.name }, read(state, now()));
      },
    });
    registry.registerMetric(gauge);
  }
  for (const { name, help, read } of counters) {
    const counter = new Counter({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const state of states()) this.inc({ sink: state.name }, read(state, now()));
      },
    });
    registry.registerMetric(counter);
  }
}
