import type { DuckDBConnection } from "@duckdb/node-api";

import { pointsSql, rollSql } from "./points.ts";
import { rowsOf, timestamp, within } from "./sql.ts";
import { tableOf, type Tier, type Width, writeTier } from "./tiers.ts";

/** Points that are made in one transaction, so that nothing waits for long. */
const MOST_POINTS = 10_000;
/** Containers that are added up at a time: each of them takes some kB while it is. */
const MOST_CONTAINERS = 4000;

/**
 * Rolls a piece of the finer tier up to the next coarser one, in one transaction: either all of it
 * is there and the tier says so, or nothing.
 *
 * @param limit Unix milliseconds; what is newer may still grow
 * @returns the tier as it is now; it has ended when that reaches the limit
 */
export async function rollPiece(
  connection: DuckDBConnection,
  finer: Tier,
  tier: Tier,
  limit: number,
): Promise<Tier> {
  const { width } = tier;
  const first = await firstTime(connection, finer, { start: tier.until, end: limit });
  if (first === undefined) return reach(connection, { ...tier, until: limit });
  const start = Math.floor(first / width) * width;
  const containers = await countContainers(connection, finer, start, start + width);
  const intervals = Math.max(1, Math.floor(MOST_POINTS / Math.max(1, containers)));
  const end = Math.min(limit, start + intervals * width);
  const parts = Math.ceil(Math.max(1, containers) / MOST_CONTAINERS);
  const pieces = [{ width: finer.width, start, end }];
  return inTransaction(connection, async () => {
    for (let part = 0; part < parts; part++) {
      const share = parts === 1 ? "true" : `container % ${parts} = ${part}`;
      await connection.run(rollSql(pieces, width, share));
    }
    const reached = { ...tier, until: end };
    await writeTier(connection, reached);
    return reached;
  });
}

/** Runs something between BEGIN and COMMIT, or as if it had not been. */
export async function inTransaction<T>(
  connection: DuckDBConnection,
  work: () => Promise<T>,
): Promise<T> {
  await connection.run("BEGIN TRANSACTION");
  try {
    const result = await work();
    await connection.run("COMMIT");
    return result;
  } catch (error) {
    await connection.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

function reach(connection: DuckDBConnection, tier: Tier): Promise<Tier> {
  return inTransaction(connection, async () => {
    await writeTier(connection, tier);
    return tier;
  });
}

async function firstTime(
  connection: DuckDBConnection,
  { width }: Tier,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<number | undefined> {
  const sql = `SELECT epoch_us(min(time)) FROM ${tableOf(width)} WHERE ${within({ start, end })}`;
  for await (const [micros] of rowsOf(connection, sql)) {
    if (micros !== null) return Number(micros) / 1000;
  }
  return undefined;
}

async function countContainers(
  connection: DuckDBConnection,
  { width }: Tier,
  start: number,
  end: number,
): Promise<number> {
  const sql = `SELECT count(DISTINCT container) FROM (${pointsSql([{ width, start, end }], [])})`;
  for await (const [count] of rowsOf(connection, sql)) return Number(count);
  return 0;
}

/** The newest time that a tier holds from a time on, in Unix milliseconds; undefined if it holds nothing. */
export async function newestTime(
  connection: DuckDBConnection,
  width: Width,
  from: number,
): Promise<number | undefined> {
  const sql = `SELECT epoch_us(max(time)) FROM ${tableOf(width)} WHERE time >= ${timestamp(from)}`;
  for await (const [micros] of rowsOf(connection, sql)) {
    if (micros !== null) return Number(micros) / 1000;
  }
  return undefined;
}
