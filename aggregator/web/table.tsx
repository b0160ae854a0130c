import type { TargetedKeyboardEvent, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { StatCell, TextCell } from "./cell.tsx";
import { type Column, COLUMNS } from "./columns.ts";
import { timeOfDay } from "./format.ts";
import { keyOf } from "./rows.ts";
import type { Selection, Sort } from "./view.ts";

/** What the table shows. */
export interface TableProps {
  readonly rows: readonly ContainerStats[];
  /** Whether to show where each container runs. */
  readonly nodes: boolean;
  readonly sort: Sort;
  readonly selected: Selection | undefined;
  /** Unix milliseconds by the server's clock. */
  readonly now: number;
  readonly onSort: (column: string) => void;
  readonly onSelect: (selection: Selection) => void;
}

/** A sample older than this, in milliseconds, is not the present any more. */
const STALE = 45_000;

function HeaderCell({ column, sort, onSort }: TableProps & { readonly column: Column }): VNode {
  const sorted = sort.column === column.key;
  const order = sort.descending ? "descending" : "ascending";
  return (
    <th
      scope="col"
      class={column.kind}
      data-column={column.key}
      aria-sort={sorted ? order : undefined}
    >
      <button type="button" title={column.help} onClick={() => onSort(column.key)}>
        {column.title}
        <span class="arrow" aria-hidden="true">
          {sorted ? (sort.descending ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

function NameCell({ row }: { readonly row: ContainerStats }): VNode {
  const idle = row.state !== undefined && row.state !== "running";
  return (
    <th scope="row" class="text" data-column="name">
      <button type="button" class="open" data-key={keyOf(row)} title={row.name} dir="auto">
        {row.name}
      </button>
      {idle && <small class="badge">{row.state}</small>}
    </th>
  );
}

function Row(
  props: TableProps & { readonly row: ContainerStats; readonly columns: Column[] },
): VNode {
  const { row, columns, selected, now, onSelect } = props;
  const sampled = row.latest.time === undefined ? Number.NaN : Date.parse(row.latest.time);
  const stale = now - sampled > STALE;
  const chosen = selected !== undefined && keyOf(selected) === keyOf(row);
  const selection = row.node === undefined ? { id: row.id } : { id: row.id, node: row.node };
  return (
    <tr
      class={stale ? "stale" : undefined}
      title={stale ? `last sample ${timeOfDay(sampled)}` : undefined}
      aria-current={chosen ? "true" : undefined}
      onClick={() => onSelect(selection)}
    >
      <NameCell row={row} />
      {columns.map((column) =>
        column.kind === "stat" ? (
          <StatCell key={column.key} column={column} row={row} />
        ) : (
          <TextCell key={column.key} column={column} row={row} />
        ),
      )}
    </tr>
  );
}

/** Arrow keys walk from row to row. */
function walk(event: TargetedKeyboardEvent<HTMLElement>): void {
  const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("button.open")];
  const at = buttons.findIndex((button) => button === document.activeElement);
  const next = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: buttons.length - 1,
  }[event.key];
  if (at === -1 || next === undefined) return;
  event.preventDefault();
  buttons[next]?.focus();
}

function focusedKey(): string | undefined {
  const { activeElement } = document;
  return activeElement instanceof HTMLElement ? activeElement.dataset["key"] : undefined;
}

/** Gives the focus back to a row that a new order has moved: browsers drop it then. */
function useFocusKept(): { readonly current: HTMLTableSectionElement | null } {
  const body = useRef<HTMLTableSectionElement>(null);
  const before = focusedKey();
  useLayoutEffect(() => {
    if (before === undefined || document.activeElement !== document.body) return;
    const buttons = body.current?.querySelectorAll<HTMLButtonElement>("button.open") ?? [];
    [...buttons].find((button) => button.dataset["key"] === before)?.focus({ preventScroll: true });
  });
  return body;
}

/** Brings the chosen row into sight, which the opening panel may have covered. */
function useChosenSeen(body: { readonly current: HTMLElement | null }, chosen?: string): void {
  useEffect(() => {
    body.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
}

/** The table of all containers. */
export function Table(props: TableProps): VNode {
  const columns = COLUMNS.filter(({ key }) => key !== "node" || props.nodes);
  const body = useFocusKept();
  useChosenSeen(body, props.selected === undefined ? undefined : keyOf(props.selected));
  return (
    <table>
      <caption class="unseen">Containers and what they use; a row opens its charts.</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <HeaderCell key={column.key} {...props} column={column} />
          ))}
        </tr>
      </thead>
      <tbody ref={body} onKeyDown={walk}>
        {props.rows.map((row) => (
          <Row key={keyOf(row)} {...props} row={row} columns={columns.slice(1)} />
        ))}
      </tbody>
    </table>
  );
}
