import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";

import type { Values } from "../../wire/stats/answer.ts";
import type { Ask, Range, Totals } from "./history.ts";
import { sourceOf, timesOf } from "./source.ts";
import { partOf, rowsOf, summaryColumns } from "./sql.ts";
import { tilesOf } from "./tiles.ts";

type Window = Record<string, Values>;

/** The numbers of the containers that have samples in a range, with the last one's time in Unix milliseconds. */
export async function queryContainers(
  connection: DuckDBConnection,
  range: Range,
): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  const sql = `SELECT container, epoch_us(max(last_time)) FROM (${await timesOf(connection, range)})
    GROUP BY container`;
  for await (const [key, micros] of rowsOf(connection, sql)) {
    found.set(Number(key), Number(micros) / 1000);
  }
  return found;
}

/** Sums up the range for each container. */
export async function queryTotals(
  connection: DuckDBConnection,
  ask: Ask,
): Promise<Map<number, Totals>> {
  const windows = new Map<number, Window>();
  for (const tile of await tilesOf(connection, ask)) await readWindows(connection, tile, windows);
  const latest = await queryLatest(connection, ask);
  return new Map(
    [...latest].map(([key, values]) => [key, { latest: values, window: windows.get(key) ?? {} }]),
  );
}

async function readWindows(
  connection: DuckDBConnection,
  tile: Ask,
  windows: Map<number, Window>,
): Promise<void> {
  const columns = ["container", ...summaryColumns(tile)].join(", ");
  const source = await sourceOf(connection, tile);
  const sql = `SELECT ${columns} FROM (${source}) GROUP BY container`;
  for await (const [key, ...numbers] of rowsOf(connection, sql)) {
    windows.set(Number(key), { ...windows.get(Number(key)), ...windowOf(tile, numbers) });
  }
}

function windowOf({ stats, summaries }: Ask, numbers: readonly DuckDBValue[]): Window {
  const window: Window = {};
  for (const [index, stat] of stats.entries()) {
    const from = index * summaries.length;
    if (typeof numbers[from] !== "number") continue;
    window[stat.name] = Object.fromEntries(
      summaries.map((summary, place) => [summary, Number(numbers[from + place])]),
    );
  }
  return window;
}

async function queryLatest(
  connection: DuckDBConnection,
  ask: Ask,
): Promise<Map<number, Totals["latest"]>> {
  const last = ask.stats.map((stat) => partOf(stat, "last"));
  const columns = ["container", "epoch_us(last_time)", ...last].join(", ");
  const source = await sourceOf(connection, { ...ask, summaries: [] });
  const sql = `SELECT ${columns} FROM (${source}) JOIN
    (SELECT container, max(last_time) AS last_time FROM (${source}) GROUP BY container)
    USING (container, last_time)`;
  const latest = new Map<number, Totals["latest"]>();
  for await (const [key, micros, ...numbers] of rowsOf(connection, sql)) {
    const values: { time: string } & Record<string, number | string> = {
      time: new Date(Number(micros) / 1000).toISOString(),
    };
    for (const [index, stat] of ask.stats.entries()) {
      const value = numbers[index];
      if (typeof value === "number") values[stat.name] = value;
    }
    latest.set(Number(key), values);
  }
  return latest;
}
