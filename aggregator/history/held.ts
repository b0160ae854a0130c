import { appendPoints } from "./append-points.ts";
import type { Database } from "./duckdb-file.ts";
import { fold, type Line, type Point } from "./fold.ts";
import { inTransaction } from "./roll.ts";
import type { Width } from "./tiers.ts";

/**
 * The newest point of each container, by its number, where single samples are not kept: it is
 * written when the next one begins.
 */
export interface Held {
  points: ReadonlyMap<number, Point>;
}

/** Adds samples to what is held: what has ended with them, and what is held from now on. */
export function settle(
  held: Held["points"],
  lines: readonly Line[],
  width: Width,
): { readonly ended: readonly Point[]; readonly still: Held["points"] } {
  const touched = new Set(lines.map(({ key }) => key));
  const before = [...touched].flatMap((key) => held.get(key) ?? []);
  const still = new Map(held);
  const ended: Point[] = [];
  for (const key of touched) still.delete(key);
  for (const point of fold(lines, width, before).values()) {
    const other = still.get(point.key);
    if (other === undefined || other.begin < point.begin) {
      if (other !== undefined) ended.push(other);
      still.set(point.key, point);
    } else ended.push(point);
  }
  return { ended, still };
}

/** Writes what began before a time (Unix milliseconds), as nothing has come for it since. */
export async function writeHeld(database: Database, time: number): Promise<void> {
  const { writer, pointColumns, tiers, held } = database;
  if (held === undefined) return;
  const points = [...held.points.values()].filter(({ begin }) => begin < time);
  if (points.length === 0) return;
  await inTransaction(writer, () => appendPoints(writer, pointColumns, tiers, points));
  const written = new Set(points.map(({ key }) => key));
  held.points = new Map([...held.points].filter(([key]) => !written.has(key)));
}

/** Takes over what a database held that was opened again, but for what has become safe. */
export function keepHeld({ dictionary, storedUntil, held }: Database, before?: Held): void {
  if (held === undefined || before === undefined) return;
  const isMissing = ({ key, lastTime }: Point): boolean => {
    const entry = dictionary.get(key);
    const until = storedUntil.get(entry?.node ?? "")?.get(entry?.container.id ?? "");
    return entry !== undefined && (until === undefined || until < lastTime);
  };
  held.points = new Map([...before.points].filter(([, point]) => isMissing(point)));
}
