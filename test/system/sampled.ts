import { readFileSync } from "node:fs";

import { parseCursor } from "../../aggregator/model/cursor.ts";
import { decodeSamples, type FeedContainer, type FeedHead, mapColumns } from "../../wire/feed.ts";
import { allMetrics, columnOf } from "../../wire/metrics/all.ts";
import { cpuMetrics } from "../../wire/metrics/cpu.ts";
import { memoryMetrics } from "../../wire/metrics/memory.ts";

const names = allMetrics.map(({ name }) => name);
const CPU = columnOf(cpuMetrics.usage);
const MEMORY = columnOf(memoryMetrics.usage);

/** One sample that an agent took of one cgroup. */
export interface Sampled {
  readonly node: string;
  readonly cgroup: string;
  /** The agent's life, and its pass. */
  readonly run: string;
  readonly tick: number;
  /** Unix microseconds. */
  readonly micros: number;
  /** Milliseconds since the sample before; NaN = cannot be compared with it. */
  readonly interval: number;
  /** Nanoseconds of CPU, as the kernel counts them. */
  readonly cpu: number;
  /** What it has grown by since the sample before; NaN where that is not known. */
  readonly grown: number;
  readonly memory: number;
}

/** What a sample is known by. */
export function keyOf(node: string, cgroup: string, micros: number): string {
  return `${node} ${cgroup} ${micros}`;
}

/** Everything that feed-recorder.mjs has written of an agent, by `keyOf`, in the order it was sampled. */
export function readRecorded(file: string): Map<string, Sampled> {
  const found = new Map<string, Sampled>();
  const last = new Map<string, Sampled>();
  let head: FeedHead | undefined;
  for (const text of readFileSync(file, "utf8").trimEnd().split("\n")) {
    const value = JSON.parse(text) as FeedHead | FeedContainer | { end: true };
    if ("feed" in value) head = value;
    else if ("id" in value && head !== undefined) {
      for (const sampled of samplesOf(head, value, last)) {
        found.set(keyOf(sampled.node, sampled.cgroup, sampled.micros), sampled);
      }
    }
  }
  return found;
}

function* samplesOf(
  head: FeedHead,
  line: FeedContainer,
  last: Map<string, Sampled>,
): Iterable<Sampled> {
  const run = parseCursor(head.cursor)?.run ?? "";
  const { ticks, times, intervals, rows } = decodeSamples(
    line,
    mapColumns(head.columns, names),
    names.length,
  );
  for (const [index, tick] of ticks.entries()) {
    const before = last.get(line.id);
    if (before?.run === run && tick <= before.tick) continue;
    const cpu = rows[index]![CPU]!;
    const interval = intervals[index]!;
    const isNext = before?.run === run && !Number.isNaN(interval) && cpu >= before.cpu;
    const sampled: Sampled = {
      node: head.node,
      cgroup: line.id,
      run,
      tick,
      micros: Math.round(times[index]! * 1000),
      interval,
      cpu,
      grown: isNext ? cpu - before.cpu : Number.NaN,
      memory: rows[index]![MEMORY]!,
    };
    last.set(line.id, sampled);
    yield sampled;
  }
}
