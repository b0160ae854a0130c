import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type DuckdbHistory, openDuckdbHistory } from "../../../aggregator/history/duckdb.ts";
import type { Ask, LevelAsk, Seen } from "../../../aggregator/history/history.ts";
import type { TierSetting, Width } from "../../../aggregator/history/tiers.ts";
import type { Batch } from "../../../aggregator/model/batch.ts";
import { storedStats } from "../../../wire/metrics/all.ts";
import { Stretch, type Summary, weightOf } from "../../../wire/stats/summary.ts";
import { containerOf } from "../fakes/samples.ts";

const logger = pino({ level: "silent" });
const T0 = Date.parse("2026-01-01T00:00:00Z");
const MINUTE = 60_000;
const WIDEST = 10 * MINUTE;
const HOUR = 60 * MINUTE;
const EXACT: readonly Summary[] = ["avg", "max", "min"];

/** Short enough that an hour or two reaches over all of them. */
const short: readonly TierSetting[] = [
  { width: 15_000, retention: 30 * MINUTE },
  { width: 60_000, retention: HOUR },
  { width: 600_000, retention: 1000 * HOUR },
];

// A plain one, a part of a limit, and a ratio with what it is of.
const stats = storedStats.filter(({ name }) =>
  ["cpu_cores", "memory_limit_ratio", "cpu_throttled_ratio"].includes(name),
);
const whole = storedStats.findIndex(({ name }) => name === "cpu_periods_per_second");
const places = stats.map((stat) => storedStats.indexOf(stat));
const containers = [0, 1, 2].map((index) =>
  containerOf(`/c${index}`, {
    limits: { cpu_cores: null, memory_bytes: (index + 1) * 1e9, pids: null },
  }),
);

interface Sampled {
  readonly container: number;
  readonly time: number;
  readonly interval: number;
  readonly row: Float64Array;
}

type Step =
  | {
      readonly do: "sample";
      readonly container: number;
      readonly count: number;
      readonly ago: number;
      readonly interval: number;
      readonly seed: number;
    }
  | { readonly do: "wait"; readonly minutes: number }
  | { readonly do: "roll" | "forget" | "restart" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("sample" as const),
      container: fc.integer({ min: 0, max: 2 }),
      count: fc.integer({ min: 1, max: 90 }),
      // Most are new, some come late, and the clock of some nodes is wrong.
      ago: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: 5 * MINUTE }),
        fc.integer({ min: -HOUR, max: 2 * HOUR }),
      ),
      interval: fc.constantFrom(250, 1000, 1000.125, 3000, 10_000),
      seed: fc.integer({ min: 1, max: 2 ** 30 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      minutes: fc.integer({ min: 1, max: 25 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("roll" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);

/** Values that are sometimes absent, always the same of the same seed. */
function samplesOf(plan: Step & { do: "sample" }, now: number): Sampled[] {
  let state = plan.seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: plan.count }, (_, index) => {
    const row = new Float64Array(storedStats.length).fill(Number.NaN);
    for (const place of [...places, whole]) if (random() > 0.2) row[place] = random() * 100;
    const time = now - plan.ago + index * plan.interval;
    const interval = random() < 0.05 ? Number.NaN : plan.interval;
    return { container: plan.container, time, interval, row };
  });
}

function batchOf(samples: readonly Sampled[]): Batch {
  const container = containers[samples[0]!.container]!;
  return [
    {
      node: "n",
      container,
      times: samples.map(({ time }) => time),
      intervals: samples.map(({ interval }) => interval),
      rows: samples.map(({ row }) => row),
    },
  ];
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-tiers-"));
});
afterEach(() => rm(directory, { recursive: true }));

interface Bench {
  now: number;
  history: DuckdbHistory;
  readonly samples: Sampled[];
  readonly reopen: () => Promise<void>;
}

async function openBench(
  name: string,
  more: { resolution?: Width; tiers?: readonly TierSetting[] },
): Promise<Bench> {
  const options = {
    directory: join(directory, name),
    logger,
    retention: 10 * MINUTE,
    now: () => bench.now,
    tiers: short,
    ...more,
  };
  const bench: Bench = {
    now: T0,
    history: await openDuckdbHistory(options),
    samples: [],
    async reopen() {
      await bench.history.close();
      bench.history = await openDuckdbHistory(options);
    },
  };
  return bench;
}

async function play(bench: Bench, steps: readonly Step[]): Promise<void> {
  const taken = new Set<string>();
  for (const each of steps) {
    switch (each.do) {
      case "sample": {
        // No container has two samples of one time.
        const samples = samplesOf(each, bench.now).filter(({ container, time }) => {
          const name = `${container} ${Math.floor(time)}`;
          return !taken.has(name) && taken.add(name);
        });
        if (samples.length === 0) break;
        bench.samples.push(...samples);
        bench.history.append(batchOf(samples));
        break;
      }
      case "wait":
        bench.now += each.minutes * MINUTE;
        break;
      case "roll":
        await bench.history.roll();
        break;
      case "forget":
        await bench.history.forget();
        break;
      case "restart":
        await bench.reopen();
    }
  }
  await bench.history.flush();
}

/** What the samples of a range come to, recomputed from all that was ever handed in. */
function expected(samples: readonly Sampled[], place: number): Record<string, number> | undefined {
  const stretch = new Stretch();
  for (const { interval, row } of samples) {
    stretch.add(row[place]!, weightOf(Number.isNaN(interval) ? 0 : interval));
  }
  if (stretch.length === 0) return undefined;
  return Object.fromEntries(EXACT.map((summary) => [summary, stretch.summarize(summary)]));
}

function closeTo(actual: unknown, wanted: Record<string, number> | undefined): void {
  if (wanted === undefined) expect(actual).toBeUndefined();
  else {
    const values = actual as Record<string, number>;
    expect(values["max"]).toBe(wanted["max"]);
    expect(values["min"]).toBe(wanted["min"]);
    expect(values["avg"]! / wanted["avg"]!).toBeCloseTo(1, 9);
  }
}

async function expectWhole({ history, samples }: Bench, from: number, to: number): Promise<void> {
  const range = { start: from, end: to };
  const known = await history.containers(range);
  const inRange = samples.filter(({ time }) => time >= from && time < to);
  const newest = new Map<string, Sampled>();
  for (const sample of inRange) {
    const { id } = containers[sample.container]!;
    if (sample.time >= (newest.get(id)?.time ?? -Infinity)) newest.set(id, sample);
  }
  const lastTimes = new Map(known.map(({ container, lastTime }) => [container.id, lastTime]));
  expect(lastTimes).toEqual(new Map([...newest].map(([id, { time }]) => [id, time])));
  const ask: Ask = { ...range, keys: known.map(({ key }) => key), stats, summaries: EXACT };
  const totals = await history.totals(ask);
  const series = await history.series(ask, WIDEST);
  for (const { key, container } of known) {
    const own = inRange.filter((sample) => containers[sample.container]!.id === container.id);
    const last = newest.get(container.id)!;
    for (const [index, stat] of stats.entries()) {
      closeTo(totals.get(key)?.window[stat.name], expected(own, places[index]!));
      const value = last.row[places[index]!]!;
      expect(totals.get(key)!.latest[stat.name] ?? Number.NaN).toBe(value);
      const { times, values } = series.get(key)!;
      for (const [place, time] of times.entries()) {
        const begin = time * 1000;
        const ofStep = own.filter((each) => each.time >= begin && each.time < begin + WIDEST);
        const wanted = expected(ofStep, places[index]!);
        const lists = values[stat.name];
        if (wanted === undefined) expect(lists?.["avg"]?.[place] ?? null).toBeNull();
        else closeTo(Object.fromEntries(EXACT.map((each) => [each, lists![each]![place]])), wanted);
      }
    }
  }
}

async function levelsOf(history: DuckdbHistory, from: number, to: number): Promise<number[][]> {
  const range = { start: from, end: to };
  const known: readonly Seen[] = (await history.containers(range)).toSorted((a, b) =>
    a.container.id < b.container.id ? -1 : 1,
  );
  const ask: LevelAsk = { ...range, grid: WIDEST, stats, rows: [known] };
  const rows: number[][] = [];
  await history.levels(ask, (row, time, values) => rows.push([row, time, ...values]));
  return rows;
}

function byContainer(samples: readonly Sampled[]): Sampled[][] {
  const each = containers.map((_, index) => samples.filter(({ container }) => container === index));
  return each.filter((own) => own.length > 0);
}

const steps = fc.array(step, { minLength: 5, maxLength: 40 });
/** In tens of minutes from two hours before the beginning on. */
const ranges = fc.array(
  fc.tuple(fc.integer({ min: -12, max: 40 }), fc.integer({ min: 1, max: 60 })),
  { minLength: 3, maxLength: 6 },
);

const PATIENCE = 120_000;

describe("a history in tiers", () => {
  let run = 0;

  for (const resolution of [1000, 15_000] as const) {
    test(
      `comes to the same as all of its samples, kept from ${resolution / 1000} s on`,
      async () => {
        await fc.assert(
          fc.asyncProperty(steps, ranges, async (plan, asked) => {
            const bench = await openBench(`run${run++}`, { resolution });
            const plain = await openBench(`run${run++}`, { tiers: [] });
            try {
              await play(bench, plan);
              for (const all of byContainer(bench.samples)) plain.history.append(batchOf(all));
              await plain.history.flush();
              for (const [from, length] of asked) {
                const start = T0 + from * WIDEST;
                const end = start + length * WIDEST;
                await expectWhole(bench, start, end);
                const [tiered, full] = [
                  await levelsOf(bench.history, start, end),
                  await levelsOf(plain.history, start, end),
                ];
                expect(tiered.map(([row, time]) => [row, time])).toEqual(
                  full.map(([row, time]) => [row, time]),
                );
                for (const [place, line] of tiered.entries()) {
                  for (const [index, value] of line.entries()) {
                    const other = full[place]![index]!;
                    if (Number.isNaN(other)) expect(value).toBeNaN();
                    else expect(value / (other || 1)).toBeCloseTo(other === 0 ? 0 : 1, 9);
                  }
                }
              }
            } finally {
              await bench.history.close();
              await plain.history.close();
            }
          }),
          { numRuns: 6 },
        );
      },
      PATIENCE,
    );
  }
});
