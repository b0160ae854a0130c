import type { Batch, Stretch } from "../../../aggregator/model/batch.ts";
import { type Container, NO_LIMITS } from "../../../wire/container.ts";
import { allMetrics, allStats } from "../../../wire/metrics/all.ts";

/** A container of which only the path matters. */
export function containerOf(id: string, more: Partial<Container> = {}): Container {
  return { id, name: id, labels: {}, groups: {}, limits: NO_LIMITS, ...more };
}

/** Where a raw metric stands in a row of the feed. */
function metricColumn(name: string): number {
  const column = allMetrics.findIndex((metric) => metric.name === name);
  if (column === -1) throw new Error(`no metric ${name}`);
  return column;
}

/** A row of raw metrics; what is not named is absent. */
export function rawRow(values: Readonly<Record<string, number>>): Float64Array {
  const row = new Float64Array(allMetrics.length).fill(Number.NaN);
  for (const [name, value] of Object.entries(values)) row[metricColumn(name)] = value;
  return row;
}

/** A row of statistics; what is not named is absent. */
function statRow(values: Readonly<Record<string, number>>): Float64Array {
  const row = new Float64Array(allStats.length).fill(Number.NaN);
  for (const [name, value] of Object.entries(values)) {
    const column = allStats.findIndex((stat) => stat.name === name);
    if (column === -1) throw new Error(`no statistic ${name}`);
    row[column] = value;
  }
  return row;
}

/** One sample of a batch: time and interval in milliseconds, and its statistics. */
export type Sample = readonly [
  time: number,
  interval: number,
  values: Readonly<Record<string, number>>,
];

/** Samples of one container as the history takes them. */
export function stretchOf(node: string, container: Container, samples: readonly Sample[]): Stretch {
  return {
    node,
    container,
    times: samples.map(([time]) => time),
    intervals: samples.map(([, interval]) => interval),
    rows: samples.map(([, , values]) => statRow(values)),
  };
}

/** A batch of one container, one sample each second from `start` on. */
export function everySecond(
  node: string,
  container: Container,
  start: number,
  values: readonly Readonly<Record<string, number>>[],
): Batch {
  const samples = values.map((row, index): Sample => [start + index * 1000, 1000, row]);
  return [stretchOf(node, container, samples)];
}
