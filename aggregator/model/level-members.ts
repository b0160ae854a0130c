import type { Container } from "../../wire/container.ts";
import type { Level } from "../../wire/levels.ts";
import { isEngineOwned, outermost, type Placed, placeAt, ROOT } from "./level.ts";

/** A row of a level, and what it is made of. */
export interface LevelMembers<T extends Placed> {
  readonly level: Level;
  readonly name: string;
  /** What is added up: containers, or the root cgroups of nodes. */
  readonly members: readonly T[];
  /** The engines' containers in it; none of them stands in another one. */
  readonly containers: readonly T[];
  /** Whether its numbers are those of whole machines. */
  readonly isWhole: boolean;
}

/** What a level is made of. */
export interface LevelAsk {
  readonly level: Level;
  readonly clusterName: string;
  /** Which containers count; undefined = all, and nodes count as a whole. */
  readonly isChosen?: ((container: Container) => boolean) | undefined;
}

/** Every row of a level. `placed` are all cgroups that are known. */
export function levelMembers<T extends Placed>(
  placed: Iterable<T>,
  { level, clusterName, isChosen }: LevelAsk,
): LevelMembers<T>[] {
  const isWhole = isChosen === undefined && (level === "node" || level === "cluster");
  const rows = new Map<string, { name: string; owned: T[]; roots: T[] }>();
  for (const one of placed) {
    const isRoot = isWhole && one.container.id === ROOT;
    if (!isRoot && !isEngineOwned(one.container)) continue;
    if (isChosen?.(one.container) === false) continue;
    const place = placeAt(level, one, clusterName);
    if (place === undefined) continue;
    const row = rows.get(place.key) ?? { name: place.name, owned: [], roots: [] };
    rows.set(place.key, row);
    (isRoot ? row.roots : row.owned).push(one);
  }
  return [...rows.values()].map(({ name, owned, roots }) => {
    const containers = outermost(owned);
    return { level, name, containers, members: isWhole ? roots : containers, isWhole };
  });
}
