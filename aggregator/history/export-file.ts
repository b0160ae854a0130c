import { access, constants, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

import { ConfigError, messageOf } from "../../lib/errors.ts";
import { FILE } from "./duckdb-file.ts";
import { type Export, exportSql } from "./export-sql.ts";
import { rowsOf } from "./sql.ts";
import { readTiers } from "./tiers.ts";

/** What a history is exported to. */
export interface ExportTarget {
  /** Must not be there yet. */
  readonly file: string;
  readonly format: "parquet" | "csv";
  /** Told from time to time: percent, or undefined where it can't be told. */
  readonly progress: (percent: number | undefined) => void;
  readonly signal: AbortSignal;
}

/** What has been exported. */
export interface Exported {
  readonly rows: number;
  readonly bytes: number;
}

/** As the file may be larger than memory, DuckDB sorts beside the output. */
const MEMORY = "512MB";
const PROGRESS_MS = 500;
const FORMATS = { parquet: "FORMAT parquet, COMPRESSION zstd", csv: "FORMAT csv, HEADER" } as const;

/**
 * Writes a part of the history in a folder to a file; the file is there when all of it is. Throws a
 * ConfigError where the folder or the file does not fit.
 */
export async function exportHistory(
  directory: string,
  asked: Export,
  target: ExportTarget,
): Promise<Exported> {
  await refuseOutput(target.file);
  const part = `${target.file}.part`;
  const instance = await openReadOnly(directory, `${part}.tmp`);
  try {
    const connection = await instance.connect();
    await refuseOldHistory(connection, directory);
    const rows = await copyTo(connection, asked, { ...target, file: part });
    await rename(part, target.file);
    return { rows, bytes: (await stat(target.file)).size };
  } finally {
    instance.closeSync();
    await rm(part, { force: true });
    await rm(`${part}.tmp`, { force: true, recursive: true });
  }
}

async function refuseOutput(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined) throw new ConfigError("output", file, "is there already; name another");
  try {
    await access(dirname(file), constants.W_OK | constants.X_OK);
  } catch (error) {
    const remedy = `must be in a folder that this program may write to (${messageOf(error)})`;
    throw new ConfigError("output", file, remedy);
  }
}

async function openReadOnly(directory: string, temporary: string): Promise<DuckDBInstance> {
  const file = join(directory, FILE);
  const options = {
    access_mode: "READ_ONLY",
    memory_limit: MEMORY,
    threads: "2",
    temp_directory: temporary,
  };
  if ((await stat(file).catch(() => undefined)) === undefined) {
    throw new ConfigError("history.dir", directory, `has no history in it (no ${FILE})`);
  }
  try {
    return await DuckDBInstance.create(file, options);
  } catch (error) {
    const message = messageOf(error);
    if (!message.includes("Could not set lock")) {
      throw new Error(`cannot open ${file}`, { cause: error });
    }
    const owner = /PID \d+/.exec(message)?.[0] ?? "another program";
    const remedy = `is in use by an aggregator (${owner}); stop it meanwhile, or ask it for /stats?start=…&format=csv`;
    throw new ConfigError("history.dir", directory, remedy);
  }
}

/** What an aggregator from before there were tiers has left. */
async function refuseOldHistory(connection: DuckDBConnection, directory: string): Promise<void> {
  const sql = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'tiers'";
  if ((await countRows(connection, sql)) > 0) return;
  const remedy =
    "holds the history of an earlier version; start the aggregator on it once, which keeps it";
  throw new ConfigError("history.dir", directory, remedy);
}

async function copyTo(
  connection: DuckDBConnection,
  asked: Export,
  { file, format, progress, signal }: ExportTarget,
): Promise<number> {
  await connection.run("SET enable_progress_bar = true; SET enable_progress_bar_print = false;");
  const tiers = await readTiers(connection);
  const timer = setInterval(() => {
    if (signal.aborted) connection.interrupt();
    const { percentage } = connection.progress;
    progress(percentage >= 0 ? percentage : undefined);
  }, PROGRESS_MS);
  try {
    const to = `'${file.replaceAll("'", "''")}'`;
    return await countRows(
      connection,
      `COPY (${exportSql(asked, tiers)}) TO ${to} (${FORMATS[format]})`,
    );
  } finally {
    clearInterval(timer);
  }
}

/** The only number that a statement answers. */
async function countRows(connection: DuckDBConnection, sql: string): Promise<number> {
  for await (const [count] of rowsOf(connection, sql)) return Number(count ?? 0);
  return 0;
}
