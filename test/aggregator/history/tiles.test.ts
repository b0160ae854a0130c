import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Ask } from "../../../aggregator/history/history.ts";
import { openSchema } from "../../../aggregator/history/schema.ts";
import { querySeries } from "../../../aggregator/history/series.ts";
import { tilesOf } from "../../../aggregator/history/tiles.ts";
import { queryTotals } from "../../../aggregator/history/totals.ts";
import { allStats } from "../../../wire/metrics/all.ts";

const MINUTE = 60_000;
const ask: Ask = {
  start: 0,
  end: 1e12,
  keys: [1, 2, 3],
  stats: allStats,
  summaries: ["avg", "p95"],
};

let instance: DuckDBInstance;
let connection: DuckDBConnection;
/** What the connection does for the fixture; it must have ended before the database is closed. */
let filled: Promise<void> = Promise.resolve();

/** A loaded machine takes its time for a hundred thousand rows, and for all the questions. */
const PATIENCE = 60_000;

/** Three containers with 10, 20 and 100,000 samples. */
async function fill(): Promise<void> {
  await openSchema(connection);
  for (const [key, rows] of [
    [1, 10],
    [2, 20],
    [3, 100_000],
  ] as const) {
    const columns = allStats.map(({ name }, index) => `range % ${index + 7} AS "${name}"`).join();
    await connection.run(
      `INSERT INTO samples BY NAME SELECT make_timestamp(range * 1000000) AS time,
       ${key} AS container, 1000 AS interval_ms, ${columns} FROM range(${rows})`,
    );
  }
}

beforeAll(async () => {
  instance = await DuckDBInstance.create(":memory:");
  connection = await instance.connect();
  filled = fill();
  await filled;
}, PATIENCE);
afterAll(async () => {
  await filled.catch(() => undefined);
  connection.closeSync();
  instance.closeSync();
});

describe("a question cut into pieces", () => {
  test("stays whole without percentiles, which alone need the room", async () => {
    const light: Ask = { ...ask, summaries: ["avg", "max", "min"] };
    expect(await tilesOf(connection, light, 1)).toEqual([light]);
  });

  test("asks for every statistic of every container once, and for no more than fits", async () => {
    for (const most of [1, 100, 100_000, 250_000, 1e9]) {
      const tiles = await tilesOf(connection, ask, most);
      const asked = tiles.flatMap(({ keys, stats }) =>
        keys.flatMap((key) => stats.map(({ name }) => `${key} ${name}`)),
      );
      expect(new Set(asked).size).toBe(3 * allStats.length);
      expect(asked).toHaveLength(3 * allStats.length);
      for (const { keys, stats } of tiles) {
        const rows = keys.reduce((sum, key) => sum + [0, 10, 20, 100_000][key]!, 0);
        // Less than one statistic of one container can't be asked for.
        const least = keys.length === 1 && stats.length === 1;
        expect(least || rows * stats.length <= most).toBe(true);
      }
    }
    expect(await tilesOf(connection, ask, 1e9)).toHaveLength(1);
  });

  test("asks nothing where nothing is", async () => {
    expect(await tilesOf(connection, { ...ask, keys: [4] })).toEqual([]);
  });

  test(
    "comes to the same as each statistic asked for alone",
    async () => {
      // 26 statistics of 100,000 samples and three containers are more than one piece.
      const many: Ask = { ...ask, stats: [...allStats, ...allStats] };
      expect((await tilesOf(connection, many)).length).toBeGreaterThan(1);
      const [totals, series] = [
        await queryTotals(connection, many),
        await querySeries(connection, many, MINUTE),
      ];
      for (const stat of allStats) {
        const one: Ask = { ...ask, stats: [stat] };
        for (const [key, alone] of await queryTotals(connection, one)) {
          expect(totals.get(key)?.window[stat.name]).toEqual(alone.window[stat.name]);
          expect(totals.get(key)?.latest[stat.name]).toBe(alone.latest[stat.name]);
        }
        for (const [key, alone] of await querySeries(connection, one, MINUTE)) {
          expect(series.get(key)?.times).toEqual(alone.times);
          expect(series.get(key)?.values[stat.name]).toEqual(alone.values[stat.name]);
        }
      }
    },
    PATIENCE,
  );
});
