import type { ContainerStats } from "./answer.ts";
import type { StatsQuery } from "./query.ts";

/** What may stand in a table. */
export type Cell = string | number | undefined;

function quote(cell: Cell): string {
  if (cell === undefined) return "";
  const text = String(cell);
  // A spreadsheet would run a cell that begins like a formula.
  const safe = typeof cell === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180: one line for each container, its latest values, then its window's. */
export function encodeCsv(containers: readonly ContainerStats[], query: StatsQuery): string {
  const identity = ["node", "id", "name", "image", "runtime", "state"] as const;
  const names = query.stats.map((stat) => stat.name);
  const windowed = names.flatMap((name) =>
    query.summaries.map((summary) => [name, summary] as const),
  );
  const header = [
    ...identity,
    "time",
    ...names,
    ...windowed.map(([name, summary]) => `${name}_${summary}`),
  ];
  const lines = containers.map((container) => [
    ...identity.map((key) => container[key]),
    container.latest.time,
    ...names.map((name) => container.latest[name]),
    ...windowed.map(([name, summary]) => container.window[name]?.[summary]),
  ]);
  return encodeLines([header, ...lines]);
}

/** The lines of a table. */
export function encodeLines(lines: readonly (readonly Cell[])[]): string {
  return lines.map((line) => `${line.map(quote).join(",")}\r\n`).join("");
}
