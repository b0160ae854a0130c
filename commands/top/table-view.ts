import { cutLine, fillLine, type Line, piece, restyled } from "./line.ts";
import type { Item } from "./listing.ts";
import { printable } from "./printable.ts";
import type { Row } from "./row.ts";
import type { State } from "./state.ts";
import { COLUMNS, NAME_COLUMN, NODE_COLUMN, type TableColumn } from "./table-columns.ts";
import { pad, widthOf } from "./width.ts";

/** A column and the cells that it has. */
interface Placed {
  readonly column: TableColumn;
  readonly width: number;
}

const INDENT = 2;

/** The columns that fit, each with its width; the name's comes first. */
function placed(columns: readonly TableColumn[], width: number, nameWidth: number): Placed[] {
  const byRank = columns.toSorted((a, b) => a.rank - b.rank);
  const chosen = new Set<TableColumn>();
  let left = width + 1;
  for (const column of byRank) {
    if (column.least + 1 > left) break;
    chosen.add(column);
    left -= column.least + 1;
  }
  const grow = (column: TableColumn, most: number): number => {
    const more = Math.max(0, Math.min(left, most - column.least));
    left -= more;
    return column.least + more;
  };
  const widths = new Map<TableColumn, number>();
  for (const column of byRank) {
    if (!chosen.has(column)) continue;
    widths.set(column, grow(column, column === NAME_COLUMN ? nameWidth : column.most));
  }
  return columns
    .filter((column) => chosen.has(column))
    .map((column) => ({ column, width: widths.get(column) ?? 0 }));
}

/** As wide as the longest name, within bounds, so that it does not jump while one scrolls. */
function nameWidthOf(rows: readonly Row[], indent: number): number {
  let most = NAME_COLUMN.least;
  for (const { name } of rows) {
    most = Math.max(most, indent + widthOf(printable(name.slice(0, NAME_COLUMN.most))));
    if (most >= NAME_COLUMN.most) return NAME_COLUMN.most;
  }
  return most;
}

function hasSeveralNodes(rows: readonly Row[]): boolean {
  return rows.some(({ node }) => node !== rows[0]?.node);
}

function columnsOf({ size, rows, choice }: Pick<State, "size" | "rows" | "choice">): Placed[] {
  const indent = choice.grouping === "none" ? 0 : INDENT;
  const nodes = hasSeveralNodes(rows) ? [NODE_COLUMN] : [];
  return placed([NAME_COLUMN, ...nodes, ...COLUMNS], size.columns, nameWidthOf(rows, indent));
}

/** What of the state the table is made of. */
export type TableState = Pick<State, "size" | "rows" | "choice" | "fleet" | "isAscii">;

/** The line of the columns' names. */
export function tableHead(state: TableState): Line {
  const { sort, isReverse } = state.choice;
  const titles = columnsOf(state).map(({ column, width }) => {
    const isSorted = column.sort === sort;
    const isUpward = isReverse !== (sort === "name" || sort === "node" || sort === "state");
    const mark = isSorted ? (isUpward ? "▲" : "▼") : "";
    return pad(column.title + mark, width, column.side);
  });
  return fillLine([piece(titles.join(" "), "bar")], state.size.columns, "bar");
}

/** Lines of the table, one for each item. */
export function tableLines(state: TableState, items: readonly Item[], selected?: string): Line[] {
  const columns = columnsOf(state);
  return items.map((item) => {
    const line =
      item.kind === "group" ? groupLine(state, columns, item) : rowLine(state, columns, item.row);
    const whole = cutLine(line, state.size.columns);
    return item.key === selected ? restyled(fillLine(whole, state.size.columns), "chosen") : whole;
  });
}

function rowLine(
  { choice, isAscii, fleet }: TableState,
  columns: readonly Placed[],
  row: Row,
): Line {
  const indent = choice.grouping === "none" ? "" : " ".repeat(INDENT);
  return columns.flatMap(({ column, width }, place) => {
    if (place === 0)
      return [piece(pad(indent + row.name, width), row.runtime === "" ? "dim" : "plain")];
    return [piece(" "), ...column.cell(row, { width, isAscii, now: fleet.time })];
  });
}

function groupLine(
  { isAscii }: TableState,
  columns: readonly Placed[],
  { group, isFolded }: Extract<Item, { kind: "group" }>,
): Line {
  const [closed, opened] = isAscii ? ["+", "-"] : ["▸", "▾"];
  const count = ` (${group.rows.length})`;
  return columns.flatMap(({ column, width }, place) => {
    if (place === 0) {
      const mark = `${isFolded ? closed : opened} `;
      const name = group.name === "" ? "in none" : group.name;
      const room = Math.max(1, width - count.length);
      return [
        piece(
          pad(pad(mark + name, Math.min(room, widthOf(printable(mark + name)))) + count, width),
          "bold",
        ),
      ];
    }
    const text = column.sum?.(group.sum) ?? "";
    return [piece(" "), piece(pad(text, width, column.side), "bold")];
  });
}
