import type { Limits } from "../../wire/container.ts";
import type { Moments } from "../../wire/events/event.ts";
import { allStats } from "../../wire/metrics/all.ts";
import type { Ring } from "../../wire/ring.ts";
import { derivationOf } from "../../wire/stats/answer.ts";

const derivations = allStats.map((stat) => ({ name: stat.name, derive: derivationOf(stat) }));

/** More says nothing about a part of something. */
const DIGITS = 6;

/** A window, and a sample for the rates of its first one. */
const LONGEST_MS = 62_000;

/**
 * What a container's window holds of the minute before a time (Unix milliseconds); undefined if that
 * is nothing. What could not be measured all along is absent.
 */
export function momentsOf(ring: Ring, limits: Limits, time: number): Moments | undefined {
  const positions = Array.from({ length: ring.length }, (_, position) => position).filter(
    (position) => ring.timeAt(position) <= time && ring.timeAt(position) >= time - LONGEST_MS,
  );
  if (positions.length === 0) return undefined;
  const values: Record<string, (number | null)[]> = {};
  for (const { name, derive } of derivations) {
    const series = positions.map((position) => rounded(derive(ring, position, limits)));
    if (series.some((value) => value !== null)) values[name] = series;
  }
  return { times: positions.map((position) => Math.round(ring.timeAt(position)) / 1000), values };
}

function rounded(value: number): number | null {
  if (Number.isNaN(value)) return null;
  // Counts and bytes are right to the unit.
  return Math.abs(value) >= 10 ** (DIGITS - 1)
    ? Math.round(value)
    : Number(value.toPrecision(DIGITS));
}
