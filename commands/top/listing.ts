import { orderOf, type SortKey } from "./columns.ts";
import type { Fleet } from "./fleet.ts";
import { fits } from "./fuzzy.ts";
import { type Group, grouped, type Grouping } from "./grouping.ts";
import type { Row } from "./row.ts";

/** What of a fleet is shown, and in which order. */
export interface Choice {
  readonly filter: string;
  readonly sort: SortKey;
  readonly isReverse: boolean;
  readonly grouping: Grouping;
  /** Cgroups that no engine owns too. */
  readonly isAll: boolean;
  readonly limit: number | undefined;
  /** Names of the groups whose members are hidden. */
  readonly folded: ReadonlySet<string>;
}

/** A line of the table. */
export type Item =
  | { readonly kind: "container"; readonly key: string; readonly row: Row }
  | {
      readonly kind: "group";
      readonly key: string;
      readonly group: Group;
      readonly isFolded: boolean;
    };

/** The containers that are chosen, in their order. */
export function chosenRows(fleet: Fleet, choice: Choice): Row[] {
  const { filter, sort, isReverse, isAll, limit } = choice;
  const rows: Row[] = [];
  for (const row of fleet.rows.values()) {
    if ((isAll || row.runtime !== "") && fits(row, filter)) rows.push(row);
  }
  rows.sort(orderOf(sort, isReverse));
  return limit === undefined ? rows : rows.slice(0, limit);
}

/** The lines of the table. */
export function itemsOf(rows: readonly Row[], { grouping, folded }: Choice): Item[] {
  if (grouping === "none") return rows.map(containerItem);
  return grouped(rows, grouping).flatMap((group): Item[] => {
    const isFolded = folded.has(group.name);
    const head: Item = { kind: "group", key: `group\n${group.name}`, group, isFolded };
    return isFolded ? [head] : [head, ...group.rows.map(containerItem)];
  });
}

function containerItem(row: Row): Item {
  return { kind: "container", key: row.key, row };
}
