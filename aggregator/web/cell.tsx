import type { VNode } from "preact";

import type { ContainerStats } from "../../wire/stats/answer.ts";
import { type Column, latestOf, type StatColumn } from "./columns.ts";
import { ABSENT, percent, quantity, spelled } from "./format.ts";

interface CellProps<Kind extends Column> {
  readonly column: Kind;
  readonly row: ContainerStats;
}

function limitOf(column: StatColumn, row: ContainerStats): number | undefined {
  const limit = column.limit === undefined ? null : row.limits[column.limit];
  return limit === null || limit <= 0 ? undefined : limit;
}

/** Everything that is known of the value, for the reader who points at it. */
function explain({ column, row }: CellProps<StatColumn>, value: number): string {
  const { unit, name } = column.stat;
  const limit = limitOf(column, row);
  const minute = row.window[name];
  const now =
    limit === undefined
      ? spelled(value, unit)
      : `${quantity(value, unit)} of ${spelled(limit, unit)} (${percent(value / limit)})`;
  if (minute === undefined) return now;
  const { avg, max } = { avg: minute["avg"], max: minute["max"] };
  return `${now}\nlast minute: ${quantity(avg, unit)} on average, ${quantity(max, unit)} at most`;
}

const width = (part: number): string => `${(Math.min(1, Math.max(0, part)) * 100).toFixed(1)}%`;

/** How much of the limit is used, with a mark at the last minute's highest value. */
function Bar({ part, peak }: { readonly part: number; readonly peak: number | undefined }): VNode {
  const level = part >= 0.95 ? "full" : part >= 0.8 ? "high" : "fine";
  return (
    <span class="bar" data-level={level} aria-hidden="true">
      <span class="fill" style={{ inlineSize: width(part) }} />
      {peak !== undefined && <span class="peak" style={{ insetInlineStart: width(peak) }} />}
    </span>
  );
}

/** A number of the table; the dash where it was not measured. */
export function StatCell({ column, row }: CellProps<StatColumn>): VNode {
  const value = latestOf(row, column.stat.name);
  if (value === undefined) {
    return (
      <td class="number absent" data-column={column.key} title="not measured">
        <span aria-hidden="true">{ABSENT}</span>
        <span class="unseen">not measured</span>
      </td>
    );
  }
  const limit = limitOf(column, row);
  const peak = row.window[column.stat.name]?.["max"];
  return (
    <td
      class={value === 0 ? "number zero" : "number"}
      data-column={column.key}
      title={explain({ column, row }, value)}
    >
      {quantity(value, column.stat.unit)}
      {limit !== undefined && (
        <Bar part={value / limit} peak={peak === undefined ? undefined : peak / limit} />
      )}
    </td>
  );
}

/** A name of the table, in its own direction of writing. */
export function TextCell({ column, row }: CellProps<Exclude<Column, StatColumn>>): VNode {
  const text = column.text(row);
  return (
    <td class="text" data-column={column.key} title={text} dir="auto">
      {text ?? <span class="absent">{ABSENT}</span>}
    </td>
  );
}
