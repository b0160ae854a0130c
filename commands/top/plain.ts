import { encodeLines } from "../../wire/stats/csv.ts";
import type { Fleet } from "./fleet.ts";
import { asciiOf, textOf } from "./line.ts";
import { type Choice, chosenRows, itemsOf } from "./listing.ts";
import { type Row, STATS } from "./row.ts";
import { tableHead, tableLines } from "./table-view.ts";

/** How a fleet is written where nobody looks on. */
export interface PlainOptions {
  readonly format: "table" | "json" | "csv";
  readonly choice: Choice;
  /** Cells of a line of the table. */
  readonly columns: number;
  readonly isAscii: boolean;
}

/** A fleet as text, with a line end behind it. */
export function plainText(
  fleet: Fleet,
  { format, choice, columns, isAscii }: PlainOptions,
): string {
  const rows = chosenRows(fleet, choice);
  switch (format) {
    case "json":
      return jsonText(fleet, rows);
    case "csv":
      return csvText(fleet, rows);
    case "table": {
      const state = { fleet, rows, choice, isAscii, size: { columns, rows: rows.length } };
      const lines = [tableHead(state), ...tableLines(state, itemsOf(rows, choice))];
      return lines.map((line) => `${textOf(isAscii ? asciiOf(line) : line).trimEnd()}\n`).join("");
    }
  }
}

/** JSON leaves some characters as they are that steer a terminal. */
const UNESCAPED = /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

function escaped(mark: string): string {
  return `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function jsonText({ name, time }: Fleet, rows: readonly Row[]): string {
  const text = JSON.stringify(
    { node: name, time: new Date(time).toISOString(), containers: rows.map(described) },
    undefined,
    2,
  );
  return `${text.replaceAll(UNESCAPED, escaped)}\n`;
}

/** In the words of `/stats`; what is not known has no key. */
function described(row: Row): object {
  const texts = {
    node: row.node,
    id: row.id,
    container_id: row.containerId,
    name: row.name,
    image: row.image,
    runtime: row.runtime,
    state: row.state,
    health: row.health,
    started_at: row.startedAt,
  };
  const known = Object.entries(texts).filter(([, text]) => text !== "");
  const restarts = row.restarts === undefined ? {} : { restarts: row.restarts };
  const { groups, limits, values } = row;
  return { ...Object.fromEntries(known), ...restarts, groups, limits, latest: values };
}

function csvText({ time }: Fleet, rows: readonly Row[]): string {
  const when = new Date(time).toISOString();
  const header = ["time", "node", "id", "name", "image", "runtime", "state", "health", ...STATS];
  const lines = rows.map((row) => [
    when,
    row.node,
    row.id,
    row.name,
    row.image,
    row.runtime,
    row.state,
    row.health,
    ...STATS.map((name) => row.values[name]),
  ]);
  return encodeLines([header, ...lines]);
}
