import type { DuckDBConnection } from "@duckdb/node-api";

import { bug } from "../../lib/errors.ts";

/** Milliseconds that a point of each tier stands for, the finest first; each is a multiple of the one before. */
export const WIDTHS = [1000, 15_000, 60_000, 600_000] as const;

/** One of them. */
export type Width = (typeof WIDTHS)[number];

/** The finest tier: samples as agents took them. */
export const RAW: Width = WIDTHS[0];

/** What is removed is removed up to a multiple of this, so that no point is left by halves. */
export const WIDEST: Width = WIDTHS[3];

/** For how long a tier is kept. */
export interface TierSetting {
  readonly width: Width;
  /** Milliseconds. */
  readonly retention: number;
}

/** Which stretch of time a tier can answer for; Unix milliseconds. */
export interface Tier {
  readonly width: Width;
  /** What is older has been removed. */
  readonly floor: number;
  /** What is newer has not been rolled up into it yet; Infinity for the finest, which is written to. */
  readonly until: number;
}

/** The table of a tier. */
export function tableOf(width: Width): string {
  return width === RAW ? "samples" : `samples_${width / 1000}s`;
}

/** A number as one of the widths; undefined if it is none. */
export function widthOf(milliseconds: number): Width | undefined {
  return WIDTHS.find((width) => width === milliseconds);
}

/** Reads how far the tiers go, the finest first. */
export async function readTiers(connection: DuckDBConnection): Promise<Tier[]> {
  const reader = await connection.runAndReadAll(
    "SELECT width_ms, floor_ms, until_ms FROM tiers ORDER BY width_ms",
  );
  return reader.getRows().flatMap(([milliseconds, floor, until]) => {
    const width = widthOf(Number(milliseconds));
    // Of another version, which may have others.
    if (width === undefined) return [];
    return [{ width, floor: Number(floor), until: until === null ? Infinity : Number(until) }];
  });
}

/** Writes how far a tier goes, in the transaction that brings it there. */
export async function writeTier(connection: DuckDBConnection, tier: Tier): Promise<void> {
  const { width, floor, until } = tier;
  const values = [width, floor, Number.isFinite(until) ? until : null];
  await connection.run("DELETE FROM tiers WHERE width_ms = ?", [width]);
  await connection.run("INSERT INTO tiers VALUES (?, ?, ?)", values);
}

/** The finest of the tiers that are kept. */
export function finestOf(tiers: readonly Tier[]): Tier {
  return tiers[0] ?? bug("a history without a tier");
}

/** Milliseconds that a point stands for at least, in what is kept of a time: the finest tier that has it. */
export function resolutionAt(tiers: readonly Tier[], time: number): Width {
  const covering = tiers.find(({ floor }) => floor <= time) ?? tiers.at(-1);
  return covering?.width ?? RAW;
}
