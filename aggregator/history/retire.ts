import type { DuckDBConnection } from "@duckdb/node-api";

import { forgetCursors } from "./cursors.ts";
import type { Database } from "./duckdb-file.ts";
import { inTransaction } from "./roll.ts";
import { rowsOf, timestamp } from "./sql.ts";
import { tableOf, type Tier, type TierSetting, WIDEST, WIDTHS, writeTier } from "./tiers.ts";

/** Moves what the log holds into the file itself. Only then has what was removed room for what comes. */
export async function checkpoint(connection: DuckDBConnection): Promise<void> {
  await connection.run("CHECKPOINT");
}

/** Removes from each tier what it is not to keep any longer, but nothing that is not rolled up yet. */
export async function retire(
  database: Database,
  settings: readonly TierSetting[],
  now: number,
): Promise<void> {
  for (const [index, tier] of database.tiers.entries()) {
    const setting = settings.find(({ width }) => width === tier.width);
    if (setting === undefined) continue;
    const limit = database.tiers[index + 1]?.until ?? Infinity;
    await raiseFloor(database, tier, Math.min(now - setting.retention, limit));
  }
}

/** Removes what is older than a time (Unix milliseconds), rounded down to what leaves no point by halves. */
async function raiseFloor(database: Database, tier: Tier, time: number): Promise<void> {
  const floor = Math.floor(time / WIDEST) * WIDEST;
  // There may be samples that are older still, of a node whose clock is wrong.
  const reached = { ...tier, floor: Math.max(floor, tier.floor) };
  const { writer: connection } = database;
  await inTransaction(connection, async () => {
    await connection.run(`DELETE FROM ${tableOf(tier.width)} WHERE time < ${timestamp(floor)}`);
    await writeTier(connection, reached);
  });
  database.tiers = database.tiers.map((other) => (other.width === tier.width ? reached : other));
}

/** Removes containers that have nothing left, and nodes without containers. */
export async function forgetContainers({
  writer: connection,
  dictionary,
  cursors,
  held,
}: Database): Promise<void> {
  const left = WIDTHS.map((width) => `SELECT DISTINCT container FROM ${tableOf(width)}`);
  const kept = [...(held?.points.keys() ?? [])].map((key) => Math.trunc(key));
  if (kept.length > 0) left.push(`SELECT unnest([${kept.join(",")}]::INTEGER[])`);
  const reader = await connection.runAndReadAll(
    `DELETE FROM containers WHERE id NOT IN (${left.join(" UNION ALL ")}) RETURNING id`,
  );
  for (const [key] of reader.getRows()) dictionary.remove(Number(key));
  await forgetCursors(connection, cursors);
  await checkpoint(connection);
}

/** Bytes of the file and its log that are in use; what was removed is in use until a checkpoint. */
export async function usedBytes(connection: DuckDBConnection): Promise<number> {
  const sql = `SELECT used_blocks * block_size FROM pragma_database_size()
    WHERE database_name = current_database()`;
  for await (const [bytes] of rowsOf(connection, sql)) return Number(bytes);
  return 0;
}

/** A tier gives a fifth of what it has at a time, so that few steps do. */
const STEPS = 5;

/**
 * Removes the oldest of the finest tier that has anything to give; answers whether there was
 * anything. The newest minutes of each tier stay.
 */
export async function retireOldest(database: Database, now: number): Promise<boolean> {
  for (const [index, tier] of database.tiers.entries()) {
    const oldest = await oldestTime(database.writer, tier);
    if (oldest === undefined) continue;
    const rolled = database.tiers[index + 1]?.until ?? Infinity;
    const limit = Math.floor(Math.min(rolled, now) / WIDEST) * WIDEST;
    const begin = Math.floor(oldest / WIDEST) * WIDEST;
    const part = Math.ceil((limit - begin) / STEPS / WIDEST) * WIDEST;
    const time = Math.min(limit, begin + Math.max(WIDEST, part));
    if (time <= begin) continue;
    await raiseFloor(database, tier, time);
    return true;
  }
  return false;
}

async function oldestTime(
  connection: DuckDBConnection,
  { width }: Tier,
): Promise<number | undefined> {
  const sql = `SELECT epoch_us(min(time)) FROM ${tableOf(width)}`;
  for await (const [micros] of rowsOf(connection, sql)) {
    if (micros !== null) return Number(micros) / 1000;
  }
  return undefined;
}
