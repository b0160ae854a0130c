import type { DuckDBConnection } from "@duckdb/node-api";

import type { Series } from "../../wire/stats/answer.ts";
import type { Ask } from "./history.ts";
import { sourceOf } from "./source.ts";
import { rowsOf, summaryColumns } from "./sql.ts";
import { tilesOf } from "./tiles.ts";

/** A series while it is read. */
interface Growing {
  readonly times: number[];
  /** One list for each summary of each statistic, in their order. */
  readonly lists: (number | null)[][];
}

/** Values over time, in steps of `step` milliseconds that begin at multiples of it. */
export async function querySeries(
  connection: DuckDBConnection,
  ask: Ask,
  step: number,
): Promise<Map<number, Series>> {
  const whole = new Map<number, Series>();
  for (const tile of await tilesOf(connection, ask)) {
    for (const [key, grown] of await readTile(connection, tile, step)) {
      // Each piece has the same rows, as all of them see the same state of the database.
      const values = { ...whole.get(key)?.values, ...valuesOf(grown, tile) };
      whole.set(key, { step_seconds: step / 1000, times: grown.times, values });
    }
  }
  return whole;
}

async function readTile(
  connection: DuckDBConnection,
  tile: Ask,
  step: number,
): Promise<Map<number, Growing>> {
  const micros = Math.round(step * 1000);
  const begin = `(epoch_us(time) // ${micros}) * ${micros}`;
  const columns = ["container", `${begin} AS begin`, ...summaryColumns(tile)].join(", ");
  const source = await sourceOf(connection, tile, step);
  const sql = `SELECT ${columns} FROM (${source})
    GROUP BY container, begin ORDER BY container, begin`;
  const growing = new Map<number, Growing>();
  const width = tile.stats.length * tile.summaries.length;
  for await (const [key, time, ...numbers] of rowsOf(connection, sql)) {
    const series = growing.get(Number(key)) ?? emptySeries(width);
    growing.set(Number(key), series);
    series.times.push(Number(time) / 1e6);
    for (const [index, list] of series.lists.entries()) {
      const value = numbers[index];
      list.push(typeof value === "number" ? value : null);
    }
  }
  return growing;
}

function emptySeries(width: number): Growing {
  return { times: [], lists: Array.from({ length: width }, () => []) };
}

function valuesOf({ lists }: Growing, { stats, summaries }: Ask): Series["values"] {
  const values: Record<string, Record<string, (number | null)[]>> = {};
  for (const [index, stat] of stats.entries()) {
    const own = lists.slice(index * summaries.length, (index + 1) * summaries.length);
    if (own.every((list) => list.every((value) => value === null))) continue;
    values[stat.name] = Object.fromEntries(
      summaries.map((summary, place) => [summary, own[place] ?? []]),
    );
  }
  return values;
}
