import type { DuckDBConnection } from "@duckdb/node-api";

import { storedStats } from "../../wire/metrics/all.ts";

/** A column of `samples` that holds a statistic: where it stands in a row of ours, -1 = nowhere. */
export type StatColumns = readonly number[];

/** Columns of `samples` before the statistics. */
const LEADING = ["time", "container", "interval_ms"] as const;

const TABLES = `
CREATE TABLE IF NOT EXISTS containers (
  id INTEGER NOT NULL,
  node VARCHAR NOT NULL,
  cgroup VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  identity VARCHAR NOT NULL,
  first_seen TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS samples (
  time TIMESTAMP NOT NULL,
  container INTEGER NOT NULL,
  interval_ms DOUBLE
);
CREATE TABLE IF NOT EXISTS agents (
  node VARCHAR NOT NULL,
  run VARCHAR NOT NULL,
  tick BIGINT NOT NULL
);`;

/**
 * Makes the tables where they are missing, and a column for each statistic that has none yet.
 * Answers the statistics' columns in the order of the table; it may have some of another version.
 */
export async function openSchema(connection: DuckDBConnection): Promise<StatColumns> {
  await connection.run(TABLES);
  const places = new Map(storedStats.map((stat, index) => [stat.name, index]));
  const before = await columnsOf(connection);
  for (const name of places.keys()) {
    if (before.includes(name)) continue;
    await connection.run(`ALTER TABLE samples ADD COLUMN "${name}" DOUBLE`);
  }
  const columns = await columnsOf(connection);
  if (LEADING.some((name, index) => columns[index] !== name)) {
    throw new Error("the table samples has other columns than ours");
  }
  return columns.slice(LEADING.length).map((name) => places.get(name) ?? -1);
}

async function columnsOf(connection: DuckDBConnection): Promise<string[]> {
  const reader = await connection.runAndReadAll(
    "SELECT column_name FROM duckdb_columns() WHERE table_name = 'samples' ORDER BY column_index",
  );
  return reader.getRows().map(([name]) => String(name));
}
