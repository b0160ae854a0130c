import type { ContainerStats } from "../../wire/stats/answer.ts";
import { COLUMNS, type Column, latestOf } from "./columns.ts";
import type { Selection, Sort, View } from "./view.ts";

/** What an answer holds, counted. */
export interface Counts {
  readonly nodes: number;
  readonly containers: number;
  /** Containers and plain cgroups together. */
  readonly cgroups: number;
}

/** Whether an engine owns it; everything else is a plain cgroup. */
export function isContainer(row: ContainerStats): boolean {
  return row.runtime !== undefined;
}

/** Counts the nodes, containers and cgroups of an answer; one without node names is one node. */
export function countRows(rows: readonly ContainerStats[]): Counts {
  return {
    nodes: new Set(rows.map((row) => row.node)).size,
    containers: rows.filter(isContainer).length,
    cgroups: rows.length,
  };
}

/** A key that tells the rows of all nodes apart. */
export function keyOf({ id, node }: Selection): string {
  return JSON.stringify([node ?? null, id]);
}

/** Which of two names comes first; `web-2` before `web-10`. */
const collator = new Intl.Collator("en", { numeric: true });

function compareNames(a: ContainerStats, b: ContainerStats): number {
  return (
    collator.compare(a.name, b.name) ||
    collator.compare(a.node ?? "", b.node ?? "") ||
    collator.compare(a.id, b.id)
  );
}

function sortKey(row: ContainerStats, column: Column): number | string | undefined {
  return column.kind === "stat" ? latestOf(row, column.stat.name) : column.text(row);
}

/** Orders two values; what is absent comes last whichever way the order goes. */
function compareKeys(
  a: number | string | undefined,
  b: number | string | undefined,
  descending: boolean,
): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const order =
    typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
  return descending ? -order : order;
}

/** The rows in the order of a column; equal ones by name. */
export function sortRows(rows: readonly ContainerStats[], sort: Sort): ContainerStats[] {
  const column = COLUMNS.find(({ key }) => key === sort.column);
  if (column === undefined) return rows.toSorted(compareNames);
  return rows
    .map((row) => ({ row, key: sortKey(row, column) }))
    .toSorted((a, b) => compareKeys(a.key, b.key, sort.descending) || compareNames(a.row, b.row))
    .map(({ row }) => row);
}

function isFound(row: ContainerStats, words: readonly string[]): boolean {
  const text = [row.name, row.node, row.image, row.runtime, row.id, ...Object.values(row.groups)]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The rows that hold every word of a search, in any of their names. */
export function findRows(rows: readonly ContainerStats[], search: string): ContainerStats[] {
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  return words.length === 0 ? [...rows] : rows.filter((row) => isFound(row, words));
}

/** The rows that a view shows, in its order. Without any container it shows the plain cgroups. */
export function rowsOf(rows: readonly ContainerStats[], view: View): ContainerStats[] {
  const all = view.all || !rows.some(isContainer);
  const shown = all ? rows : rows.filter(isContainer);
  return sortRows(findRows(shown, view.search), view.sort);
}
