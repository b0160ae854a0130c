import { join } from "node:path";

import { DuckDBInstance } from "@duckdb/node-api";

import { storedStats } from "../../wire/metrics/all.ts";
import { keyOf } from "./sampled.ts";

/**
 * A part of a limit is made with the limit that its answer brings; one that changes between two
 * samples of an answer is the new one for both, so it depends on when each aggregator has asked.
 */
const ofLimits = new Set(
  storedStats.filter(({ from }) => from.kind === "share").map(({ name }) => name),
);

/** A row of the history. */
export interface Stored {
  readonly node: string;
  readonly cgroup: string;
  readonly micros: number;
  readonly interval: number | null;
  readonly cores: number | null;
  readonly memory: number | null;
}

async function ask(sql: string, files: readonly string[]): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    for (const [index, folder] of files.entries()) {
      const file = join(folder, "history.duckdb").replaceAll("'", "''");
      await connection.run(`ATTACH '${file}' AS h${index} (READ_ONLY)`);
    }
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Every row of a closed history, oldest first; several of one time are all there. */
export async function readStored(folder: string): Promise<Stored[]> {
  const rows = await ask(
    `SELECT node, cgroup, epoch_us(time)::VARCHAR AS micros, interval_ms, cpu_cores, memory_usage_bytes
     FROM h0.samples JOIN h0.containers ON id = container ORDER BY time`,
    [folder],
  );
  return rows.map((row) => ({
    node: String(row["node"]),
    cgroup: String(row["cgroup"]),
    micros: Number(row["micros"]),
    interval: numberOf(row["interval_ms"]),
    cores: numberOf(row["cpu_cores"]),
    memory: numberOf(row["memory_usage_bytes"]),
  }));
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** What two closed histories say differently of samples that both have, a few of them; limits left out. */
export async function differences(one: string, other: string): Promise<unknown[]> {
  const columns = await ask(
    "SELECT column_name FROM duckdb_columns() WHERE database_name = 'h0' AND table_name = 'samples'",
    [one],
  );
  const names = columns
    .map(({ column_name: name }) => String(name))
    .filter((name) => name !== "container" && name !== "time" && !ofLimits.has(name));
  // A cell stands for each statistic that differs.
  const cells = names.map(
    (name) =>
      `SELECT node, cgroup, time::VARCHAR AS time, '${name}' AS stat, a."${name}" AS one, b."${name}" AS other
       FROM both_have WHERE a."${name}" IS DISTINCT FROM b."${name}"`,
  );
  return ask(
    `WITH a AS (SELECT node, cgroup, s.* FROM h0.samples s JOIN h0.containers ON id = container),
      b AS (SELECT node, cgroup, s.* FROM h1.samples s JOIN h1.containers ON id = container),
      both_have AS (SELECT a.node, a.cgroup, a.time, a, b FROM a JOIN b USING (node, cgroup, time))
     SELECT * FROM (${cells.join(" UNION ALL ")}) LIMIT 20`,
    [one, other],
  );
}

/** The key of each row, to compare with what was sampled. */
export function storedKey({ node, cgroup, micros }: Stored): string {
  return keyOf(node, cgroup, micros);
}
