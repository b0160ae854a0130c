import type { DuckDBConnection } from "@duckdb/node-api";

import { inTransaction, newestTime, rollPiece } from "./roll.ts";
import { finestOf, readTiers, tableOf, type Tier, type Width, WIDEST, writeTier } from "./tiers.ts";

/**
 * Brings what a database has to the tiers that are to be kept: what is new begins with what the
 * finer ones have, what is not wanted any more goes, and samples that are not kept in full any more
 * are rolled up first.
 *
 * @param widths the finest first, at least one
 */
export async function arrangeTiers(
  connection: DuckDBConnection,
  widths: readonly Width[],
): Promise<Tier[]> {
  const [finest] = widths;
  if (finest === undefined) return readTiers(connection);
  await beginFinest(connection, finest);
  for (const tier of await readTiers(connection)) {
    if (!widths.includes(tier.width)) await drop(connection, tier);
  }
  for (const width of widths) {
    const tiers = await readTiers(connection);
    if (tiers.some((tier) => tier.width === width)) continue;
    const finer = tiers.findLast((tier) => tier.width < width) ?? finestOf(tiers);
    const added = { width, floor: finer.floor, until: 0 };
    await inTransaction(connection, () => writeTier(connection, added));
  }
  return readTiers(connection);
}

/** The finest tier is the one that is written to. */
async function beginFinest(connection: DuckDBConnection, finest: Width): Promise<void> {
  const before = await readTiers(connection);
  const written = finestOf(before);
  if (written.width === finest) return;
  if (written.width > finest) await goFiner(connection, written, finest);
  else await goCoarser(connection, before, finest);
}

/** From now on samples are kept in more detail; what there is stays as it is. */
async function goFiner(connection: DuckDBConnection, written: Tier, finest: Width): Promise<void> {
  const newest = await newestTime(connection, written.width, written.floor);
  const until = newest === undefined ? 0 : (Math.floor(newest / WIDEST) + 1) * WIDEST;
  await inTransaction(connection, async () => {
    await writeTier(connection, { ...written, until });
    await writeTier(connection, { width: finest, floor: until, until: Infinity });
  });
}

/** Everything that the finer ones have is rolled up, up to the last sample. */
async function goCoarser(
  connection: DuckDBConnection,
  before: readonly Tier[],
  finest: Width,
): Promise<void> {
  const finer = before.filter(({ width }) => width < finest);
  const own = before.find(({ width }) => width === finest);
  const source = finer.at(-1) ?? finestOf(before);
  const all = [...finer, own ?? { width: finest, floor: source.floor, until: 0 }];
  for (const [index, tier] of all.entries()) {
    const from = all[index - 1];
    if (from === undefined) continue;
    const newest = (await newestTime(connection, from.width, from.floor)) ?? 0;
    const end = (Math.floor(newest / WIDEST) + 1) * WIDEST;
    let reached = tier;
    while (reached.until < end) reached = await rollPiece(connection, from, reached, end);
  }
  await inTransaction(connection, async () => {
    const rolled = (await readTiers(connection)).find(({ width }) => width === finest);
    const floor = rolled?.floor ?? 0;
    for (const tier of finer) await remove(connection, tier);
    await writeTier(connection, { width: finest, floor, until: Infinity });
    // Points are held for a while; only their times say what is stored.
    await connection.run("DELETE FROM agents");
  });
}

function drop(connection: DuckDBConnection, tier: Tier): Promise<void> {
  return inTransaction(connection, () => remove(connection, tier));
}

async function remove(connection: DuckDBConnection, { width }: Tier): Promise<void> {
  await connection.run(`DELETE FROM ${tableOf(width)}`);
  await connection.run("DELETE FROM tiers WHERE width_ms = ?", [width]);
}
