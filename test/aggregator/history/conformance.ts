import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Ask, History, Known } from "../../../aggregator/history/history.ts";
import { allStats } from "../../../wire/metrics/all.ts";
import type { Stat } from "../../../wire/metrics/metric.ts";
import { Stretch, SUMMARIES } from "../../../wire/stats/summary.ts";
import { containerOf, everySecond, type Sample, stretchOf } from "../fakes/samples.ts";

/** What a kind of history hands to its conformance suite. */
export interface Bench {
  readonly history: History;
  /** Closes the history and opens it again where it was. */
  reopen(): Promise<History>;
  /** Closes it and removes what it wrote. */
  remove(): Promise<void>;
}

const T0 = Date.parse("2026-01-01T00:00:00Z");
const web = containerOf("/docker/web", { name: "web", labels: { tier: 'a"b\n;--' } });
const db = containerOf("/docker/db", { name: "it's; DROP TABLE samples" });

function statsNamed(...names: string[]): Stat[] {
  return names.map((name) => allStats.find((stat) => stat.name === name)!);
}

function ask(keys: readonly Known[], seconds: readonly [number, number], stats: Stat[]): Ask {
  const [start, end] = seconds;
  return {
    keys: keys.map(({ key }) => key),
    start: T0 + start * 1000,
    end: T0 + end * 1000,
    stats,
    summaries: SUMMARIES,
  };
}

const byId = (known: readonly Known[], id: string): Known[] =>
  known.filter(({ container }) => container.id === id);

/** Every promise of `History`, for one kind of it. */
export function historyKeepsItsPromises(open: () => Promise<Bench>): void {
  let bench: Bench;
  let history: History;
  beforeEach(async () => {
    bench = await open();
    ({ history } = bench);
  });
  afterEach(() => bench.remove());

  const all = { start: T0 - 1e6, end: T0 + 1e9 };
  const cores = statsNamed("cpu_cores");

  test("answers nothing before anything was stored", async () => {
    expect(await history.containers(all)).toEqual([]);
    expect((await history.totals(ask([], [0, 10], cores))).size).toBe(0);
    expect((await history.series(ask([], [0, 10], cores), 1000)).size).toBe(0);
    expect(history.storedUntil.size).toBe(0);
  });

  test("knows a container by its node, as it was last seen", async () => {
    history.append(everySecond("n1", web, T0, [{ threads: 1 }]));
    history.append(everySecond("n2", web, T0, [{ threads: 2 }]));
    const renamed = { ...web, name: "web-new" };
    history.append(everySecond("n1", renamed, T0 + 1000, [{ threads: 3 }]));
    await history.flush();
    const known = await history.containers(all);
    expect(known.map(({ node, container }) => [node, container])).toEqual(
      expect.arrayContaining([
        ["n1", renamed],
        ["n2", web],
      ]),
    );
    expect(known).toHaveLength(2);
  });

  test("keeps every character of a name", async () => {
    history.append(everySecond("n", db, T0, [{ threads: 1 }]));
    history.append(everySecond("n", web, T0, [{ threads: 1 }]));
    await history.flush();
    const containers = (await history.containers(all)).map(({ container }) => container);
    expect(containers).toContainEqual(db);
    expect(containers).toContainEqual(web);
  });

  test("includes the start of a range and leaves its end out", async () => {
    history.append(
      everySecond(
        "n",
        web,
        T0,
        [1, 2, 3, 4].map((threads) => ({ threads })),
      ),
    );
    await history.flush();
    const known = await history.containers({ start: T0 + 1000, end: T0 + 3000 });
    const totals = await history.totals(ask(known, [1, 3], statsNamed("threads")));
    expect([...totals.values()]).toEqual([
      {
        latest: { time: "2026-01-01T00:00:02.000Z", threads: 3 },
        window: { threads: { avg: 2.5, max: 3, min: 2, p95: 3 } },
      },
    ]);
    expect(await history.containers({ start: T0 + 4000, end: T0 + 9000 })).toEqual([]);
  });

  test("weights averages by time: the average of a rate is what its counter grew", async () => {
    // 0.5 s at 4 cores, 1 s at 1 core, 2.5 s at 0.2 cores = 3.5 core-seconds in 4 s.
    const samples: Sample[] = [
      [T0 + 500, 500, { cpu_cores: 4 }],
      [T0 + 1500, 1000, { cpu_cores: 1 }],
      [T0 + 4000, 2500, { cpu_cores: 0.2 }],
    ];
    history.append([stretchOf("n", web, samples)]);
    await history.flush();
    const known = await history.containers(all);
    const [totals] = (await history.totals(ask(known, [0, 10], cores))).values();
    expect(totals?.window["cpu_cores"]).toEqual({ avg: 0.875, max: 4, min: 0.2, p95: 4 });
    const [series] = (await history.series(ask(known, [0, 10], cores), 2000)).values();
    expect(series).toEqual({
      step_seconds: 2,
      times: [T0 / 1000, T0 / 1000 + 4],
      values: { cpu_cores: { avg: [2, 0.2], max: [4, 0.2], min: [1, 0.2], p95: [4, 0.2] } },
    });
  });

  test("what is absent stays absent, and does not weigh", async () => {
    const samples: Sample[] = [
      [T0, Number.NaN, { threads: 7 }],
      [T0 + 1000, 1000, { threads: 9, cpu_cores: 0.5 }],
      [T0 + 2000, 1000, { threads: 9, fs_reads_per_second: Number.POSITIVE_INFINITY }],
    ];
    history.append([stretchOf("n", web, samples)]);
    await history.flush();
    const known = await history.containers(all);
    const asked = ask(known, [0, 10], statsNamed("cpu_cores", "threads", "fs_reads_per_second"));
    const [totals] = (await history.totals(asked)).values();
    expect(totals?.latest).toEqual({ time: "2026-01-01T00:00:02.000Z", threads: 9 });
    expect(Object.keys(totals?.window ?? {})).toEqual(["cpu_cores", "threads"]);
    expect(totals?.window["cpu_cores"]?.["avg"]).toBe(0.5);
    expect(totals?.window["threads"]?.["avg"]).toBeCloseTo(25 / 3, 12);
    const [series] = (await history.series(asked, 1000)).values();
    expect(series?.values["cpu_cores"]?.["avg"]).toEqual([null, 0.5, null]);
    expect(series?.values["threads"]?.["max"]).toEqual([7, 9, 9]);
    expect(series?.values).not.toHaveProperty("fs_reads_per_second");
  });

  test("sums up exactly as the live window does", async () => {
    const value = fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 1e12, noNaN: true }));
    const sample = fc.tuple(fc.integer({ min: 1, max: 5000 }), value);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 150 }), async (drawn) => {
        const container = containerOf(`/run/${run++}`);
        let time = T0;
        const samples = drawn.map(([interval, cpu_cores]): Sample => {
          time += interval;
          return [time, interval, { cpu_cores }];
        });
        history.append([stretchOf("n", container, samples)]);
        await history.flush();
        const known = byId(await history.containers(all), container.id);
        const [totals] = (await history.totals(ask(known, [0, 1000], cores))).values();
        const live = new Stretch();
        for (const [interval, number] of drawn) live.add(number, interval);
        for (const summary of SUMMARIES) {
          const expected = live.summarize(summary);
          const actual = totals?.window["cpu_cores"]?.[summary] ?? Number.NaN;
          if (summary === "avg" && expected > 0) expect(actual / expected).toBeCloseTo(1, 9);
          else expect(actual).toBe(expected);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("answers only the containers, statistics and summaries asked for", async () => {
    history.append(everySecond("n", web, T0, [{ threads: 1, cpu_cores: 1 }]));
    history.append(everySecond("n", db, T0, [{ threads: 2, cpu_cores: 2 }]));
    await history.flush();
    const known = byId(await history.containers(all), db.id);
    const asked: Ask = { ...ask(known, [0, 10], statsNamed("threads")), summaries: ["max"] };
    const totals = await history.totals(asked);
    expect([...totals.keys()]).toEqual(known.map(({ key }) => key));
    expect([...totals.values()][0]?.window).toEqual({ threads: { max: 2 } });
    const series = await history.series(asked, 1000);
    expect([...series.values()][0]?.values).toEqual({ threads: { max: [2] } });
  });

  describe("closed and opened again", () => {
    test("still has everything, and says how far it goes to the microsecond", async () => {
      const last = T0 + 1000.123;
      history.append([
        stretchOf("n", web, [
          [T0, 1000, { threads: 1 }],
          [last, 1000.123, { threads: 2 }],
        ]),
      ]);
      const again = await bench.reopen();
      expect(again.storedUntil).toEqual(new Map([["n", new Map([[web.id, last]])]]));
      const known = await again.containers(all);
      const [totals] = (await again.totals(ask(known, [0, 10], statsNamed("threads")))).values();
      expect(totals?.window["threads"]?.["max"]).toBe(2);
      // The numbers of the containers go on where they were.
      again.append(everySecond("n", db, T0, [{ threads: 5 }]));
      again.append(everySecond("n", web, T0 + 5000, [{ threads: 6 }]));
      await again.flush();
      expect(await again.containers(all)).toHaveLength(2);
    });
  });

  test("says up to where each agent's samples are stored, also when opened again", async () => {
    const stretch = (node: string, run: string, tick: number) =>
      everySecond(node, web, T0 + tick * 1000, [{ threads: tick }]).map((own) => ({
        ...own,
        until: { run, tick },
      }));
    expect(history.storedCursors.size).toBe(0);
    history.append(stretch("n1", "a", 5));
    history.append(stretch("n2", "b", 7));
    history.append(stretch("n1", "a", 9));
    await history.flush();
    history.append(stretch("n1", "c", 2));
    await history.flush();
    const expected = new Map([
      ["n1", { run: "c", tick: 2 }],
      ["n2", { run: "b", tick: 7 }],
    ]);
    expect(history.storedCursors).toEqual(expected);
    expect((await bench.reopen()).storedCursors).toEqual(expected);
  });

  test("counts what it stored", async () => {
    expect(history.state()).toMatchObject({ queued: 0, stored: 0, lost: 0, failures: 0 });
    history.append(everySecond("n", web, T0, [{ threads: 1 }, { threads: 2 }]));
    history.append([]);
    await history.flush();
    expect(history.state()).toMatchObject({ queued: 0, stored: 2, lost: 0, failures: 0 });
  });

  test("takes more samples at once than fit in one block", async () => {
    const values = Array.from({ length: 5000 }, (_, index) => ({ threads: index }));
    history.append(everySecond("n", web, T0, values));
    await history.flush();
    const known = await history.containers(all);
    const series = await history.series(ask(known, [0, 6000], statsNamed("threads")), 1000);
    const [only] = series.values();
    expect(only?.values["threads"]?.["avg"]).toEqual(values.map(({ threads }) => threads));
    expect(only?.times).toEqual(values.map((_, index) => T0 / 1000 + index));
  });
}
