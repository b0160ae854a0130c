import { expect } from "vitest";

import { decodeSamples, mapColumns } from "../../wire/feed.ts";
import { allMetrics, allStats } from "../../wire/metrics/all.ts";
import { diskIoMetrics, diskNumbers } from "../../wire/metrics/disk-io.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import { networkMetrics, networkSeries } from "../../wire/metrics/network.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import { seriesValue } from "./ask.ts";
import type { Feed } from "./feed.ts";
import type { KernelNumbers } from "./kernel-numbers.ts";

/** One sample: its raw numbers by column, those that are absent left out. */
export interface RawSample {
  /** Unix milliseconds. */
  readonly time: number;
  readonly columns: Readonly<Record<string, number>>;
}

/** What an agent says of one cgroup, in each of its three ways. */
export interface Said {
  readonly sample: RawSample;
  /** `/metrics`. */
  readonly page: string;
  readonly stats: ContainerStats;
}

/** All samples of a cgroup in a feed, oldest first; none if the feed has no such cgroup. */
export function rawSamples({ head, lines }: Feed, cgroup: string): RawSample[] {
  const names = allMetrics.map(({ name }) => name);
  const line = lines.find(({ id }) => id === cgroup);
  if (line === undefined) return [];
  const decoded = decodeSamples(line, mapColumns(head.columns, names), names.length);
  return decoded.times.map((time, index) => {
    const cells = names.map(
      (name, column) => [name, decoded.rows[index]?.[column] ?? NaN] as const,
    );
    return { time, columns: Object.fromEntries(cells.filter(([, value]) => !Number.isNaN(value))) };
  });
}

/** Asserts that the agent has the kernel's numbers, each of them and no others, to the unit. */
export function expectExactly(said: Said, kernel: KernelNumbers): void {
  expect(said.sample.columns).toEqual(kernel.columns);
  expectSeries(said, kernel);
  expectStats(said, kernel);
}

/** The families that show a column in parts. */
const FAMILY_OF_COLUMN = new Map([
  ...[...Object.values(networkMetrics.receive), ...Object.values(networkMetrics.transmit)].map(
    (metric, place) => [metric.name, networkSeries[place]?.family.name ?? ""] as const,
  ),
  ...(["readBytes", "writtenBytes", "reads", "writes"] as const).map(
    (number) => [diskIoMetrics[number].name, diskNumbers[number].family.name] as const,
  ),
]);

function expectSeries({ page, stats: { id } }: Said, { columns, labelled }: KernelNumbers): void {
  for (const metric of allMetrics) {
    if (metric.family === undefined) continue;
    const { name } = metric.family;
    // Shown in parts, processor by processor: their sum is looked at elsewhere.
    if (page.includes(`${name}{id="${id}",cpu="cpu`)) continue;
    const raw = columns[metric.name];
    const expected = raw === undefined ? undefined : raw / metric.scale;
    expect(seriesValue(page, name, labelsOf(id, metric)), name).toBe(expected);
  }
  for (const [column, name] of FAMILY_OF_COLUMN) {
    const expected = labelled.filter((one) => one.column === column);
    for (const { label, value, number } of expected) {
      const labels = [`id="${id}"`, `${label}="${value}"`];
      expect(seriesValue(page, name, labels), `${name} ${value}`).toBe(number);
    }
    const series = page.split("\n").filter((line) => line.startsWith(`${name}{id="${id}"`));
    expect(series, name).toHaveLength(expected.length);
  }
}

function labelsOf(id: string, { family }: Metric): string[] {
  const fixed = Object.entries(family?.labels ?? {}).map(([key, value]) => `${key}="${value}"`);
  return [`id="${id}"`, ...fixed];
}

function expectStats({ stats: { latest } }: Said, { columns }: KernelNumbers): void {
  for (const { name, from } of allStats) {
    if (from.kind !== "value") continue;
    const raw = columns[from.of.name];
    const expected = raw === undefined ? undefined : raw / from.of.scale;
    expect(latest[name], name).toBe(expected);
  }
}
