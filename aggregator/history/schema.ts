import type { DuckDBConnection } from "@duckdb/node-api";

import { storedStats } from "../../wire/metrics/all.ts";
import { EVENTS_TABLE } from "./events.ts";
import { tierColumns } from "./points.ts";
import { RAW, tableOf, type Width, WIDTHS } from "./tiers.ts";

/** A column of `samples` that holds a statistic: where it stands in a row of ours, -1 = nowhere. */
export type StatColumns = readonly number[];

/** Columns of `samples` before the statistics. */
const LEADING = ["time", "container", "interval_ms"] as const;

/** Columns of the tiers' tables after the leading ones. */
const ofTiers = storedStats.flatMap(tierColumns).map((name) => name.replaceAll('"', ""));

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
);
CREATE TABLE IF NOT EXISTS tiers (
  width_ms INTEGER NOT NULL,
  floor_ms BIGINT NOT NULL,
  until_ms BIGINT
);
${WIDTHS.filter((width) => width !== RAW)
  .map(tierTable)
  .join("")}`;

/** A point is told by `time`; there may be several of one, which count together. */
function tierTable(width: Width): string {
  return `CREATE TABLE IF NOT EXISTS ${tableOf(width)} (
  time TIMESTAMP NOT NULL,
  container INTEGER NOT NULL,
  last_time TIMESTAMP NOT NULL,
  covered_ms DOUBLE NOT NULL,
  longest_ms DOUBLE NOT NULL,
  ${ofTiers.map((name) => `"${name}" DOUBLE`).join(", ")}
);`;
}

/**
 * Makes the tables where they are missing, and a column for each statistic that has none yet.
 * Answers the statistics' columns in the order of the table; it may have some of another version.
 */
export async function openSchema(connection: DuckDBConnection): Promise<StatColumns> {
  await connection.run(TABLES);
  await connection.run(EVENTS_TABLE);
  const places = new Map(storedStats.map((stat, index) => [stat.name, index]));
  await addColumns(connection, "samples", [...places.keys()]);
  for (const width of WIDTHS) {
    if (width !== RAW) await addColumns(connection, tableOf(width), ofTiers);
  }
  // Histories of before had only samples.
  await connection.run(`INSERT INTO tiers SELECT ${RAW}, 0, NULL WHERE NOT EXISTS (FROM tiers)`);
  const columns = await columnsOf(connection, "samples");
  if (LEADING.some((name, index) => columns[index] !== name)) {
    throw new Error("the table samples has other columns than ours");
  }
  return columns.slice(LEADING.length).map((name) => places.get(name) ?? -1);
}

async function addColumns(
  connection: DuckDBConnection,
  table: string,
  names: readonly string[],
): Promise<void> {
  const before = new Set(await columnsOf(connection, table));
  const missing = names.filter((name) => !before.has(name));
  if (missing.length === 0) return;
  const added = missing.map((name) => `ALTER TABLE ${table} ADD COLUMN "${name}" DOUBLE;`);
  // All of them or none, and one write for all.
  await connection.run(["BEGIN TRANSACTION;", ...added, "COMMIT;"].join("\n"));
}

/** The columns of a table in their order. */
export async function columnsOf(connection: DuckDBConnection, table: string): Promise<string[]> {
  const reader = await connection.runAndReadAll(
    "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database() ORDER BY column_index",
    [table],
  );
  return reader.getRows().map(([name]) => String(name));
}
