import type { Event } from "../../wire/events/event.ts";
import { eventLine } from "../event-line.ts";
import { clockText } from "./clock-text.ts";
import { detailLines } from "./detail-view.ts";
import { sumOf } from "./grouping.ts";
import { helpLines } from "./help-view.ts";
import { asciiOf, cutLine, fillLine, type Line, piece, spread } from "./line.ts";
import { bodyLines, eventLines, type State } from "./state.ts";
import { tableHead, tableLines } from "./table-view.ts";
import { bytesText, coresText } from "./units.ts";

/** The screen, line by line: as many as it has, none wider than it is. */
export function layout(state: State): Line[] {
  const { size } = state;
  const inside = size.rows - 2;
  const lines = [headLine(state), ...filled(bodyOf(state), Math.max(0, inside)), footLine(state)];
  return lines.slice(0, size.rows).map((line) => {
    const short = cutLine(line, size.columns);
    return state.isAscii ? asciiOf(short) : short;
  });
}

function filled(lines: readonly Line[], count: number): Line[] {
  return Array.from({ length: count }, (_, place) => lines[place] ?? []);
}

function bodyOf(state: State): Line[] {
  if (state.isHelp) return helpLines();
  if (state.detail !== undefined) return detailLines(state, state.detail);
  const height = bodyLines(state);
  const seen = state.items.slice(state.first, state.first + height);
  const table =
    seen.length === 0 ? [[], emptyLine(state)] : tableLines(state, seen, state.selected);
  return [tableHead(state), ...filled(table, height), ...eventPane(state)];
}

function emptyLine({ choice, newest, fleet }: State): Line {
  if (Number.isNaN(newest.time)) return [piece("  Nothing heard yet.")];
  if (choice.filter !== "")
    return [piece(`  Nothing fits "${choice.filter}"; escape gives it up.`)];
  if (fleet.rows.size > 0) {
    return [piece("  No engine runs a container here; a shows all cgroups.")];
  }
  return [piece("  No containers.")];
}

function eventPane(state: State): Line[] {
  const count = eventLines(state);
  if (count === 0) return [];
  const width = state.size.columns;
  const title = fillLine([piece("EVENTS", "bar")], width, "bar");
  const about = state.events.filter((event) => state.choice.isAll || isOfEngine(event));
  const newest = count > 1 ? about.slice(1 - count) : [];
  const lines = newest.map((event): Line => {
    const time = clockText(Date.parse(event.time), state.fleet.time);
    return [piece(eventLine({ ...event, time }))];
  });
  return [title, ...(lines.length === 0 ? [[piece("None yet.", "dim")]] : lines)];
}

/** Of cgroups that no engine owns there may be many. */
function isOfEngine({ container }: Event): boolean {
  return container === undefined || container.runtime !== undefined;
}

/** Who is shown, what they use together, and how it stands with the server. */
function headLine(state: State): Line {
  const { fleet, rows, connection, isHeld, size } = state;
  const sum = sumOf(rows.filter(({ runtime }) => runtime !== ""));
  const total = [...fleet.rows.values()].filter(({ runtime }) => runtime !== "").length;
  const nodes = new Set(rows.map(({ node }) => node)).size;
  const facts = [
    rows.length === total ? `${total} containers` : `${rows.length} of ${total} containers`,
    ...(nodes > 1 ? [`${nodes} nodes`] : []),
    `CPU ${coresText(sum.cpuCores)}`,
    `memory ${bytesText(sum.memoryBytes)}`,
  ];
  const left: Line = [piece(fleet.name || "plimsoll top", "bold"), piece(`  ${facts.join("  ")}`)];
  const clock = piece(`${clockText(fleet.time)} `);
  if (connection.kind === "lost") return spread(left, [clock, piece("LOST", "bad")], size.columns);
  if (isHeld) return spread(left, [clock, piece("HELD", "warn")], size.columns);
  return spread(left, [clock, piece("live", "good")], size.columns);
}

function footLine(state: State): Line {
  const { choice, connection, isTyping, url, fleet } = state;
  if (isTyping) return [piece("filter: ", "bold"), piece(choice.filter), piece(" ", "chosen")];
  if (connection.kind === "lost") {
    const shown = Number.isNaN(fleet.time) ? "" : ` What is shown is of ${clockText(fleet.time)}.`;
    return [piece(`No answer from ${url}; it is tried again.${shown} ${connection.cause}`, "bad")];
  }
  if (state.isHelp) return [];
  if (state.detail !== undefined) {
    return [piece("escape back  up/down more text  space hold  ? help  q quit", "dim")];
  }
  const filter = choice.filter === "" ? "" : `filter: ${choice.filter}  `;
  const keys = `/ filter  s sort  r reverse  g tree${choice.grouping === "none" ? "" : ` (${choice.grouping})`}  e events  enter look  ? help  q quit`;
  return [piece(filter, "bold"), piece(keys, "dim")];
}
