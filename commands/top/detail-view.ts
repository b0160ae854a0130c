import { eventLine } from "../event-line.ts";
import { chart, greatest } from "./chart.ts";
import { clockText } from "./clock-text.ts";
import { fillLine, type Line, piece, spread } from "./line.ts";
import { badgesOf } from "./measure.ts";
import { type Row, TRAIL_LENGTH, type Trails } from "./row.ts";
import { type Detail, FOOT_LINES, HEAD_LINES, type State } from "./state.ts";
import { ageText, bytesText, coresText, countText, percentText } from "./units.ts";

/** What is drawn over time. */
interface Chart {
  readonly title: string;
  readonly of: keyof Trails;
  readonly unit: string;
  readonly text: (value: number | undefined) => string;
  /** The value that fills it at least: less is not blown up. */
  readonly least: number;
  readonly limit?: "cpu_cores" | "memory_bytes";
}

const CHARTS: readonly Chart[] = [
  {
    title: "CPU",
    of: "cpu_cores",
    unit: " cores",
    text: coresText,
    least: 0.05,
    limit: "cpu_cores",
  },
  {
    title: "memory",
    of: "memory_working_set_bytes",
    unit: "B",
    text: bytesText,
    least: 2 ** 20,
    limit: "memory_bytes",
  },
  {
    title: "received",
    of: "network_receive_bytes_per_second",
    unit: "B/s",
    text: bytesText,
    least: 1024,
  },
  {
    title: "sent",
    of: "network_transmit_bytes_per_second",
    unit: "B/s",
    text: bytesText,
    least: 1024,
  },
  { title: "read", of: "fs_read_bytes_per_second", unit: "B/s", text: bytesText, least: 1024 },
  { title: "written", of: "fs_write_bytes_per_second", unit: "B/s", text: bytesText, least: 1024 },
];

const TWO_COLUMNS_FROM = 70;
const GAP = 2;

function chartLines(
  { title, of, unit, text, least, limit }: Chart,
  row: Row,
  size: Readonly<{ width: number; height: number; isAscii: boolean }>,
): Line[] {
  const values = row.trails[of];
  const most = greatest(values);
  const bound = limit === undefined ? null : row.limits[limit];
  // The limit is the upper edge where it is not far off.
  const full = Math.max(least, most, bound !== null && most > bound / 2 ? bound : 0);
  const now = row.values[of];
  const said = now === undefined ? "not measured" : `${text(now)}${unit}`;
  const ofLimit = bound === null ? "" : ` of ${text(bound)}`;
  const head = spread(
    [piece(`${title} `, "bold"), piece(said + ofLimit)],
    [piece(`top ${text(full)}`, "dim")],
    size.width,
  );
  const drawn = chart(values, { ...size, span: TRAIL_LENGTH, full });
  return [head, ...drawn.map((line): Line => [piece(line, "accent")])];
}

/** Charts beside each other where there is room, as many lines as are there for them. */
function chartBlock(row: Row, { size, isAscii }: State): Line[] {
  const inRow = size.columns >= TWO_COLUMNS_FROM ? 2 : 1;
  const width = Math.floor((size.columns - GAP * (inRow - 1)) / inRow);
  const lines = Math.floor((size.rows - HEAD_LINES - FOOT_LINES) * 0.65);
  const wanted = CHARTS.length / inRow;
  const fit = Math.max(1, Math.min(wanted, Math.floor(lines / 3)));
  const height = Math.max(1, Math.min(8, Math.floor(lines / fit) - 1));
  const block: Line[] = [];
  for (let place = 0; place < fit; place++) {
    const beside = CHARTS.slice(place * inRow, (place + 1) * inRow).map((each) =>
      chartLines(each, row, { width, height, isAscii }),
    );
    for (let line = 0; line <= height; line++) {
      block.push(
        beside.flatMap((lines2, column) => [
          ...(column === 0 ? [] : [piece(" ".repeat(GAP))]),
          ...fillLine(lines2[line] ?? [], width),
        ]),
      );
    }
  }
  return block;
}

function fact(name: string, value: string): Line {
  return [piece(`${name.padEnd(12)} `, "dim"), piece(value)];
}

function factLines({ values, limits, groups, labels, ...row }: Row, now: number): Line[] {
  const started = Date.parse(row.startedAt);
  const age = Number.isNaN(started) ? "-" : ageText((now - started) / 1000);
  const shares = [
    `cpu ${percentText(values.pressure_cpu_some_ratio)}`,
    `memory ${percentText(values.pressure_memory_some_ratio)}`,
    `io ${percentText(values.pressure_io_some_ratio)}`,
  ];
  return [
    fact("id", row.containerId || row.id),
    fact("image", row.image || "-"),
    fact("runs for", `${age}, restarts ${countText(row.restarts)}`),
    fact(
      "limits",
      `cpu ${coresText(limits.cpu_cores)}, memory ${bytesText(limits.memory_bytes)}, pids ${countText(limits.pids)}`,
    ),
    fact(
      "tasks",
      `processes ${countText(values.processes)}, threads ${countText(values.threads)}, killed for memory ${countText(values.oom_kills)}`,
    ),
    fact("throttled", percentText(values.cpu_throttled_ratio)),
    fact("pressure", shares.join(", ")),
    ...Object.entries(groups).map(([name, value]) => fact(name, value)),
    ...Object.entries(labels).map(([name, value]) => fact("label", `${name}=${value}`)),
  ];
}

function eventBlock({ events }: Detail, now: number): Line[] {
  if (events === undefined) return [fact("events", "are asked for")];
  if (events.length === 0) return [fact("events", "none are known")];
  return events
    .toReversed()
    .map((event, place) =>
      fact(
        place === 0 ? "events" : "",
        eventLine({ ...event, time: clockText(Date.parse(event.time), now) }),
      ),
    );
}

/** What can be moved up and down below the charts, and how many lines of it are seen. */
function textOfDetail(
  state: State,
  detail: Detail,
): { lines: Line[]; seen: number; charts: Line[] } {
  const charts = chartBlock(detail.row, state);
  const now = state.fleet.time;
  const lines = [
    ...eventBlock(detail, now).slice(0, 3),
    ...factLines(detail.row, now),
    ...eventBlock(detail, now).slice(3),
  ];
  const seen = Math.max(1, state.size.rows - HEAD_LINES - FOOT_LINES - charts.length);
  return { lines, seen, charts };
}

/** How far the text of a detail can be moved up. */
export function mostScroll(state: State, detail: Detail): number {
  const { lines, seen } = textOfDetail(state, detail);
  return Math.max(0, lines.length - seen);
}

/** A container by itself: who it is, its charts, and all else that is known of it. */
export function detailLines(state: State, detail: Detail): Line[] {
  const { row, goneSince, scroll } = detail;
  const badges = badgesOf(row, state.fleet.time).flatMap(({ word, style }) => [
    piece("  "),
    piece(word, style),
  ]);
  const gone =
    goneSince === undefined
      ? piece(`${row.state || "cgroup"}${row.health === "" ? "" : `, ${row.health}`}`)
      : piece(`gone since ${clockText(goneSince)}, as it was last seen`, "bad");
  const title: Line = [
    piece(row.name, "bold"),
    piece(`  ${row.node}  ${row.runtime}  `, "dim"),
    gone,
    ...badges,
  ];
  const { lines, charts } = textOfDetail(state, detail);
  return [title, ...charts, ...lines.slice(scroll)];
}
