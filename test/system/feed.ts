import {
  decodeSamples,
  type FeedContainer,
  type FeedHead,
  type FeedSamples,
  mapColumns,
} from "../../wire/feed.ts";
import { allMetrics, columnOf } from "../../wire/metrics/all.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import { ask } from "./ask.ts";

/** What an agent hands out: the kernel's own numbers. */
export interface Feed {
  readonly head: FeedHead;
  readonly lines: readonly FeedContainer[];
}

/** One raw number and when it was read. */
export interface Reading {
  /** Unix milliseconds. */
  readonly time: number;
  readonly value: number;
}

/** Asks an agent for all that it keeps. */
export async function askFeed(agent: string): Promise<Feed> {
  const texts = (await ask(`${agent}/stats/feed`)).trimEnd().split("\n");
  const [head, ...lines] = texts.map((text): unknown => JSON.parse(text));
  if (!isEnd(lines.pop())) throw new Error("the feed has no end");
  return { head: head as FeedHead, lines: lines as FeedContainer[] };
}

function isEnd(line: unknown): boolean {
  return JSON.stringify(line) === '{"end":true}';
}

/** The raw numbers of a metric of a cgroup, oldest first. */
export function readings({ head, lines }: Feed, cgroup: string, metric: Metric): Reading[] {
  const names = allMetrics.map(({ name }) => name);
  const line = lines.find(({ id }) => id === cgroup);
  if (line === undefined) throw new Error(`the feed has no ${cgroup}`);
  const samples: FeedSamples = decodeSamples(line, mapColumns(head.columns, names), names.length);
  return samples.times.map((time, index) => ({
    time,
    value: samples.rows[index]?.[columnOf(metric)] ?? Number.NaN,
  }));
}
