import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Batch, StoredUntil } from "../../../aggregator/model/batch.ts";
import { type Applied, Cluster } from "../../../aggregator/model/cluster.ts";
import type { Cursor } from "../../../aggregator/model/cursor.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import { allStats } from "../../../wire/metrics/all.ts";
import { FakeNode } from "../fakes/agent.ts";
import { containerOf } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const WINDOW = 61;
const web = containerOf("/docker/web");
const THREADS = allStats.findIndex(({ name }) => name === "threads");

/** An aggregator with a history in memory, and the agent that it asks: their container counts the seconds of its life. */
class Bench {
  readonly node = new FakeNode("n1", T0);
  /** What was sampled, second by second, as the container counts. */
  sampled = 0;
  readonly stored: number[] = [];
  #cluster = new Cluster();
  #cursor: string | undefined;
  readonly #cursors = new Map<string, Cursor>();
  readonly #until = new Map<string, Map<string, number>>();
  #waiting: Batch[] = [];
  #runs = 1;

  constructor() {
    this.node.add(web, () => ({ threads: ++this.sampled }));
  }

  async ask(): Promise<Applied> {
    const lines = this.node.feed(this.#cursor);
    async function* each(): AsyncIterable<string> {
      yield* lines;
    }
    const feed = await parseFeed(each());
    const since = this.#cursor === undefined ? {} : { since: this.#cursor };
    const applied = this.#cluster.apply({ ...feed, ...since }, this.node.time);
    this.#cursor = feed.head.cursor;
    this.#waiting.push(applied.batch);
    return applied;
  }

  /** What waits becomes safe, with its cursors in one go. */
  flush(): void {
    for (const stretch of this.#waiting.flat()) {
      this.stored.push(...stretch.rows.map((row) => row[THREADS]!));
      if (stretch.until !== undefined) this.#cursors.set(stretch.node, stretch.until);
      const own = this.#until.get(stretch.node) ?? new Map<string, number>();
      this.#until.set(stretch.node, own);
      own.set(stretch.container.id, Math.max(own.get(stretch.container.id) ?? 0, ...stretch.times));
    }
    this.#waiting = [];
  }

  /** The aggregator is killed: what waits is gone, and so is all that it had in memory. */
  kill(): void {
    this.#waiting = [];
    this.#cursor = undefined;
    const until: StoredUntil = this.#until;
    this.#cluster = new Cluster(until, new Map(this.#cursors));
  }

  restartAgent(): void {
    this.node.restart(`run${++this.#runs}`, 1);
  }

  async askAndFlush(): Promise<Applied> {
    const applied = await this.ask();
    this.flush();
    return applied;
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a clock that is set", () => {
  test.for([-3_600_000, -60_000, -30_000, -5000, -1000, 1000, 60_000, 3_600_000])(
    "by %i ms just before the aggregator is started again costs no sample and stores none twice",
    async (by) => {
      const bench = new Bench();
      bench.node.pass(20);
      await bench.askAndFlush();
      bench.node.pass(5);
      bench.node.time += by;
      bench.node.pass(5);
      await bench.askAndFlush();
      bench.kill();
      bench.node.pass(5);
      const { gap } = await bench.askAndFlush();
      expect(bench.stored).toEqual(range(1, 35));
      expect(gap).toBeUndefined();
    },
  );

  test("leaves the rates whole: an interval is of the monotonic clock", async () => {
    const bench = new Bench();
    bench.node.pass(5);
    await bench.ask();
    bench.node.time -= 30_000;
    bench.node.pass(5);
    const { batch } = await bench.ask();
    expect(batch[0]!.intervals).toEqual(range(1, 5).map(() => 1000));
  });

  test("back at the restart of its agent makes nothing known", async () => {
    const bench = new Bench();
    bench.node.pass(20);
    await bench.askAndFlush();
    bench.kill();
    bench.node.time -= 600_000;
    bench.restartAgent();
    bench.node.pass(10);
    await bench.askAndFlush();
    expect(bench.stored).toEqual(range(1, 30));
  });
});

describe("an aggregator that is killed", () => {
  test("between taking samples and storing them asks for them again", async () => {
    const bench = new Bench();
    bench.node.pass(20);
    await bench.askAndFlush();
    bench.node.pass(10);
    await bench.ask();
    bench.kill();
    bench.node.pass(5);
    const { gap } = await bench.askAndFlush();
    expect(bench.stored).toEqual(range(1, 35));
    expect(gap).toBeUndefined();
  });

  test("for longer than the window says how long, whatever the clock does", async () => {
    const bench = new Bench();
    bench.node.pass(20);
    await bench.askAndFlush();
    bench.kill();
    bench.node.pass(100);
    const { gap } = await bench.askAndFlush();
    expect(bench.stored).toEqual([...range(1, 20), ...range(60, 120)]);
    expect(gap).toEqual({ start: T0 + 20_000, end: T0 + 59_000, cause: "not_running" });
  });

  test("says so where the agent was started again meanwhile", async () => {
    const bench = new Bench();
    bench.node.pass(20);
    await bench.askAndFlush();
    bench.kill();
    bench.restartAgent();
    bench.node.pass(3);
    const { gap } = await bench.askAndFlush();
    expect(bench.stored).toEqual(range(1, 23));
    expect(gap).toEqual({ start: T0 + 20_000, end: T0 + 21_000, cause: "agent_restarted" });
  });
});

test("another agent of the node hands in nothing twice that the first has sampled as well", async () => {
  const bench = new Bench();
  bench.node.pass(20);
  await bench.askAndFlush();
  bench.kill();
  // It was started while the first was still there: its seconds are those of 11 … 25.
  bench.restartAgent();
  bench.node.time -= 11_000;
  bench.sampled = 10;
  bench.node.pass(15);
  await bench.askAndFlush();
  expect(bench.stored).toEqual(range(1, 25));
});

test("whatever happens, no sample is stored twice, and only what nobody had asked for is missing", async () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((seconds) => ({ do: "pass", by: seconds }) as const),
    fc.integer({ min: -7200, max: 7200 }).map((by) => ({ do: "set the clock", by }) as const),
    fc.constantFrom("ask", "flush", "kill", "restart the agent").map((it) => ({ do: it, by: 0 })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const bench = new Bench();
      /** Samples that the agent's own window has let go of, or that went with it. */
      const lost = new Set<number>();
      const letGo = (upTo: number): void => {
        for (let one = 1; one <= upTo; one++) if (!bench.stored.includes(one)) lost.add(one);
      };
      let newest = bench.node.time;
      let hasRestarted = false;
      const pass = (seconds: number): void => {
        for (let second = 0; second < seconds; second++) {
          bench.node.pass(1);
          const { time } = bench.node;
          // With a clock set back by next to nothing it looks like a second agent at the same time.
          if (hasRestarted && time <= newest && time >= newest - 3000) lost.add(bench.sampled);
          newest = Math.max(newest, time);
        }
      };
      for (const { do: what, by } of steps) {
        if (what === "pass") pass(by);
        if (what === "set the clock") bench.node.time += by * 1000;
        if (what === "ask") await bench.ask();
        if (what === "flush") bench.flush();
        if (what === "kill") bench.kill();
        if (what === "restart the agent") {
          // Asked once before and once after, so that times need not tell its lives apart.
          await bench.askAndFlush();
          bench.restartAgent();
          hasRestarted = true;
          pass(1);
          await bench.askAndFlush();
        }
        letGo(bench.sampled - WINDOW);
      }
      await bench.askAndFlush();
      expect(new Set(bench.stored).size).toBe(bench.stored.length);
      const missing = range(1, bench.sampled).filter((one) => !bench.stored.includes(one));
      expect(missing.filter((one) => !lost.has(one))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
