import { bar, greatest, sparkline } from "./chart.ts";
import type { SortKey } from "./columns.ts";
import type { Sum } from "./grouping.ts";
import type { Line, Style } from "./line.ts";
import { piece } from "./line.ts";
import { badgesOf, cpuRatio, fillStyle, memoryRatio, pressure } from "./measure.ts";
import { type Row, TRAIL_LENGTH } from "./row.ts";
import { bytesText, coresText, countText, percentText } from "./units.ts";
import { cut, pad } from "./width.ts";

/** What a cell is drawn for. */
export interface CellSpace {
  readonly width: number;
  readonly isAscii: boolean;
  /** Of the newest pass, Unix milliseconds. */
  readonly now: number;
}

/** A column of the table. */
export interface TableColumn {
  readonly title: string;
  /** What it is sorted by, if it can be. */
  readonly sort?: SortKey;
  readonly side: "left" | "right";
  /** The least that it needs, and the most that is of use. */
  readonly least: number;
  readonly most: number;
  /** Narrow terminals have only those with the smallest numbers. */
  readonly rank: number;
  readonly cell: (row: Row, space: CellSpace) => Line;
  /** The same of a group. */
  readonly sum?: (sum: Sum) => string;
}

/** A column of numbers. */
function numeric(
  title: string,
  sort: SortKey,
  [width, rank]: readonly [width: number, rank: number],
  text: (row: Row) => string,
  rest: { readonly sum?: (sum: Sum) => string; readonly style?: (row: Row) => Style } = {},
): TableColumn {
  return {
    title,
    sort,
    side: "right",
    least: width,
    most: width,
    rank,
    cell: (row, space) => [piece(pad(text(row), space.width, "right"), rest.style?.(row))],
    ...(rest.sum === undefined ? {} : { sum: rest.sum }),
  };
}

function worded(
  title: string,
  sort: SortKey,
  [least, most, rank]: readonly [least: number, most: number, rank: number],
  text: (row: Row) => string,
  style: (row: Row) => Style = () => "plain",
): TableColumn {
  const cell = (row: Row, { width }: CellSpace): Line => [piece(pad(text(row), width), style(row))];
  return { title, sort, side: "left", least, most, rank, cell };
}

function stateStyle({ state }: Row): Style {
  if (state === "running") return "good";
  return state === "restarting" || state === "dead" ? "bad" : "warn";
}

/** The worst in words, and how many more there are. */
function badgeCell(row: Row, { width, now }: CellSpace): Line {
  const [worst, ...others] = badgesOf(row, now);
  if (worst === undefined) return [piece(" ".repeat(width))];
  const more = others.length === 0 ? "" : ` +${others.length}`;
  return [piece(pad(cut(worst.word, width - more.length) + more, width), worst.style)];
}

function sparkCell({ trails }: Row, { width, isAscii }: CellSpace): Line {
  const values = trails.cpu_cores;
  // A twentieth of a core is the least that fills a block: who does nothing looks like it.
  const full = Math.max(0.05, greatest(values));
  return [piece(sparkline(values, { width, span: TRAIL_LENGTH, full, isAscii }), "accent")];
}

function memoryBarCell(row: Row, { width, isAscii }: CellSpace): Line {
  const ratio = memoryRatio(row);
  if (ratio === undefined) return [piece(pad("-", width, "right"))];
  return [
    piece(bar(ratio, width - 5, isAscii), fillStyle(ratio)),
    piece(pad(percentText(ratio), 5, "right")),
  ];
}

const warnAbove =
  (limit: number, of: (row: Row) => number | undefined) =>
  (row: Row): Style =>
    (of(row) ?? 0) > limit ? "warn" : "plain";

/** The column of the names; the layout gives it what the others leave. */
export const NAME_COLUMN: TableColumn = worded("CONTAINER", "name", [14, 40, 0], (row) => row.name);

/** The column of the nodes, only for several. */
export const NODE_COLUMN: TableColumn = worded("NODE", "node", [8, 20, 3], (row) => row.node);

/** All others, as they stand from left to right. */
export const COLUMNS: readonly TableColumn[] = [
  worded("STATE", "state", [10, 10, 6], (row) => row.state || "-", stateStyle),
  { title: "ALERTS", side: "left", least: 13, most: 13, rank: 7, cell: badgeCell },
  numeric("CPU", "cpu", [6, 1], ({ values }) => coresText(values.cpu_cores), {
    sum: ({ cpuCores }) => coresText(cpuCores),
  }),
  numeric("%LIM", "cpu_limit", [5, 5], (row) => percentText(cpuRatio(row)), {
    style: (row) => {
      const style = fillStyle(cpuRatio(row));
      return style === "good" ? "plain" : style;
    },
  }),
  { title: "CPU/TIME", side: "left", least: 10, most: 30, rank: 8, cell: sparkCell },
  numeric("MEM", "memory", [6, 2], ({ values }) => bytesText(values.memory_working_set_bytes), {
    sum: ({ memoryBytes }) => bytesText(memoryBytes),
  }),
  {
    title: "LIMIT",
    side: "right",
    least: 6,
    most: 6,
    rank: 9,
    cell: ({ limits }, { width }) => [piece(pad(bytesText(limits.memory_bytes), width, "right"))],
  },
  {
    title: "MEM%",
    sort: "memory_limit",
    side: "left",
    least: 11,
    most: 15,
    rank: 4,
    cell: memoryBarCell,
  },
  numeric(
    "NET RX",
    "rx",
    [7, 10],
    ({ values }) => bytesText(values.network_receive_bytes_per_second),
    {
      sum: ({ receive }) => bytesText(receive),
    },
  ),
  numeric(
    "NET TX",
    "tx",
    [7, 11],
    ({ values }) => bytesText(values.network_transmit_bytes_per_second),
    {
      sum: ({ transmit }) => bytesText(transmit),
    },
  ),
  numeric("DISK R", "read", [7, 12], ({ values }) => bytesText(values.fs_read_bytes_per_second), {
    sum: ({ read }) => bytesText(read),
  }),
  numeric("DISK W", "write", [7, 13], ({ values }) => bytesText(values.fs_write_bytes_per_second), {
    sum: ({ write }) => bytesText(write),
  }),
  numeric("PIDS", "pids", [5, 14], ({ values }) => countText(values.processes), {
    sum: ({ processes }) => countText(processes),
  }),
  numeric("THR%", "throttled", [5, 15], ({ values }) => percentText(values.cpu_throttled_ratio), {
    style: warnAbove(0.1, ({ values }) => values.cpu_throttled_ratio),
  }),
  numeric("PSI%", "pressure", [5, 16], (row) => percentText(pressure(row)), {
    style: warnAbove(0.2, pressure),
  }),
  numeric("OOM", "oom", [4, 17], ({ values }) => countText(values.oom_kills), {
    sum: ({ oomKills }) => countText(oomKills),
    style: warnAbove(0, ({ values }) => values.oom_kills),
  }),
];
