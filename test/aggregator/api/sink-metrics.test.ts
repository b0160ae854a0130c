import { Registry } from "prom-client";
import { expect, test } from "vitest";

import { addSinks } from "../../../aggregator/api/sink-metrics.ts";
import type { SinkState } from "../../../aggregator/sinks/sink.ts";

const state: SinkState = {
  name: "influxdb",
  waitingPoints: 12,
  waitingBytes: 500,
  capacityBytes: 1000,
  oldest: 40_000,
  sentPoints: 7,
  refusedPoints: 3,
  droppedPoints: 2,
  damagedFiles: 1,
  failures: 9,
};

async function samplesOf(states: readonly SinkState[]): Promise<string[]> {
  const registry = new Registry();
  addSinks(
    registry,
    () => states,
    () => 100_000,
  );
  await registry.metrics();
  // A second time, as counters must not grow by being looked at.
  return (await registry.metrics()).split("\n").filter((line) => /^[^#]/u.test(line));
}

test("says of each sink how full its queue is, and what became of the points", async () => {
  expect(await samplesOf([state])).toEqual([
    'plimsoll_sink_waiting_points{sink="influxdb"} 12',
    'plimsoll_sink_waiting_bytes{sink="influxdb"} 500',
    'plimsoll_sink_capacity_bytes{sink="influxdb"} 1000',
    'plimsoll_sink_oldest_seconds{sink="influxdb"} 60',
    'plimsoll_sink_sent_points_total{sink="influxdb"} 7',
    'plimsoll_sink_refused_points_total{sink="influxdb"} 3',
    'plimsoll_sink_dropped_points_total{sink="influxdb"} 2',
    'plimsoll_sink_damaged_files_total{sink="influxdb"} 1',
    'plimsoll_sink_failures_total{sink="influxdb"} 9',
  ]);
});

test("what is empty has waited for no time", async () => {
  const { oldest: _, ...empty } = state;
  const lines = await samplesOf([empty]);
  expect(lines).toContain('plimsoll_sink_oldest_seconds{sink="influxdb"} 0');
});
