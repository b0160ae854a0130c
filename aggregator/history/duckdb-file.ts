import { access, constants, mkdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

import { codeOf, ConfigError, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { StoredUntil } from "../model/batch.ts";
import type { Cursor } from "../model/cursor.ts";
import { type PointColumns, readPointColumns } from "./append-points.ts";
import { arrangeTiers } from "./arrange.ts";
import { readCursors } from "./cursors.ts";
import { type Dictionary, readDictionary, readStoredUntil } from "./dictionary.ts";
import type { Held } from "./held.ts";
import { openSchema, type StatColumns } from "./schema.ts";
import { RAW, type Tier, type Width, WIDTHS } from "./tiers.ts";

/** Name of the file in the history's folder. */
export const FILE = "history.duckdb";

/** Small, as the aggregator shares its machine with what it measures. */
const LIMITS: Readonly<Record<string, string>> = { memory_limit: "256MB", threads: "2" };

/** An open database. */
export interface Database {
  readonly instance: DuckDBInstance;
  /** For everything that writes. */
  readonly writer: DuckDBConnection;
  readonly columns: StatColumns;
  readonly dictionary: Dictionary;
  readonly storedUntil: StoredUntil;
  /** Up to where each node's samples are stored, as of now. */
  readonly cursors: Map<string, Cursor>;
  readonly pointColumns: PointColumns;
  /** How far each goes, as of now; the finest first. */
  tiers: readonly Tier[];
  /** Undefined where samples are kept as they come. */
  readonly held: Held | undefined;
}

/** What opening needs. */
export interface Place {
  readonly directory: string;
  readonly logger: Logger;
  /** Unix milliseconds; names a file that is set aside. */
  readonly now: () => number;
  /** The tiers that are kept, the finest first; only samples if left out. */
  readonly widths?: readonly Width[];
}

/**
 * Opens the database of a folder, which is made if need be. A file that can't be read is set aside
 * and a new one begun. Throws a ConfigError where the folder is in use or not ours to write.
 */
export async function openDatabase(place: Place): Promise<Database> {
  await prepareDirectory(place.directory);
  const file = join(place.directory, FILE);
  try {
    return await openFile(file, place);
  } catch (error) {
    refuseKnownTrouble(place.directory, error);
    await setAside(file, place, error);
    return openFile(file, place);
  }
}

/** Opens the database of a folder once more, after a failure that says nothing against the file. */
export async function reopenDatabase(place: Place): Promise<Database> {
  return openFile(join(place.directory, FILE), place);
}

/** Closes a database; what it holds is safe. */
export function closeDatabase({ writer, instance }: Pick<Database, "instance" | "writer">): void {
  writer.closeSync();
  instance.closeSync();
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    await makeFolder(directory);
    if (!(await stat(directory)).isDirectory()) throw new Error("it is no folder");
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError(
      "history.dir",
      directory,
      `must be a folder that this program may write to (${messageOf(error)})`,
    );
  }
}

/** Not with `recursive`, which never ends where the kernel says that a parent is missing (/proc). */
async function makeFolder(path: string): Promise<void> {
  if ((await makeOne(path)) !== "parent is missing") return;
  await makeFolder(dirname(path));
  if ((await makeOne(path)) === "parent is missing") throw new Error(`cannot make ${path}`);
}

async function makeOne(path: string): Promise<"is there" | "parent is missing"> {
  try {
    await mkdir(path, { mode: 0o700 });
    return "is there";
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return "is there";
    if (code === "ENOENT" && dirname(path) !== path) return "parent is missing";
    throw error;
  }
}

async function openFile(file: string, { widths = [RAW] }: Place): Promise<Database> {
  const instance = await DuckDBInstance.create(file, { ...LIMITS });
  try {
    const writer = await instance.connect();
    const columns = await openSchema(writer);
    const tiers = await arrangeTiers(writer, widths);
    const dictionary = await readDictionary(writer);
    const storedUntil = await readStoredUntil(writer, dictionary);
    const cursors = await readCursors(writer);
    const pointColumns = await readPointColumns(
      writer,
      WIDTHS.filter((width) => width !== RAW),
    );
    const held: Held | undefined = tiers[0]?.width === RAW ? undefined : { points: new Map() };
    return {
      instance,
      writer,
      columns,
      dictionary,
      storedUntil,
      cursors,
      pointColumns,
      tiers,
      held,
    };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/** Throws for what says nothing against the file itself. */
function refuseKnownTrouble(directory: string, error: unknown): void {
  const message = messageOf(error);
  if (message.includes("Could not set lock")) {
    const owner = /PID \d+/.exec(message)?.[0];
    throw new ConfigError(
      "history.dir",
      directory,
      `is in use by another program${owner === undefined ? "" : ` (${owner})`}; give each aggregator its own folder`,
    );
  }
  if (/permission denied|read-only file system/i.test(message)) {
    throw new ConfigError("history.dir", directory, `must be writable (${message})`);
  }
  if (/no space left|out of memory/i.test(message)) {
    throw new Error("cannot open the history", { cause: error });
  }
}

async function setAside(file: string, place: Place, error: unknown): Promise<void> {
  const time = new Date(place.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const aside = `${file}.unreadable-${time}`;
  await rename(file, aside);
  await rename(`${file}.wal`, `${aside}.wal`).catch(() => undefined);
  place.logger.warn({ file, aside, err: error }, "cannot read the history, a new one is begun");
}
