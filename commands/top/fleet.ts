import { at, listAt, textAt, textsAt } from "../../lib/json-at.ts";
import { extended, keyOf, parseRow, parseValues, type Row, type Trails } from "./row.ts";

/** Every container that is known, as of one pass. Never changed: each pass makes another one. */
export interface Fleet {
  /** The node, or the cluster's name. */
  readonly name: string;
  /** Of the newest pass, Unix milliseconds; NaN before the first. */
  readonly time: number;
  readonly rows: ReadonlyMap<string, Row>;
}

/** Before anything was heard. */
export const NO_FLEET: Fleet = { name: "", time: Number.NaN, rows: new Map() };

/** More are not shown, so that a server that has gone mad does not take all memory. */
const MOST_ROWS = 50_000;

/** A whole answer of `/stats`: those who are not in it are gone. Where it has series, they are the trails. */
export function takeAnswer(before: Fleet, answer: unknown): Fleet {
  const name = textAt(answer, "node");
  const time = Date.parse(textAt(answer, "time"));
  // Who polls may be told of the same pass twice.
  const isNews = time !== before.time;
  const rows = new Map<string, Row>();
  for (const entry of listAt(answer, "containers")) {
    const row = parseRow(entry, name);
    if (row === undefined || rows.size >= MOST_ROWS) continue;
    const known = before.rows.get(row.key);
    const trails = isSeeded(row) ? row.trails : trailsAfter(known, row, isNews);
    rows.set(row.key, { ...remembered(known, row, time), trails });
  }
  return { name, time, rows };
}

/** What a pass has changed, as the live form of `/stats` tells it. */
export function takeUpdate(before: Fleet, update: unknown): Fleet {
  const time = Date.parse(textAt(update, "time"));
  const rows = new Map(before.rows);
  for (const id of textsAt(update, "removed")) rows.delete(keyOf(before.name, id));
  for (const entry of listAt(update, "changed")) {
    const key = keyOf(textAt(entry, "node") || before.name, textAt(entry, "id"));
    const row = rows.get(key);
    if (row === undefined) continue;
    rows.set(key, { ...row, values: parseValues(at(entry, "latest"), row.values) });
  }
  for (const entry of listAt(update, "added")) {
    const row = parseRow(entry, before.name);
    if (row !== undefined && rows.size < MOST_ROWS) rows.set(row.key, row);
  }
  // Of those that are not named nothing has changed, which is news too.
  for (const [key, row] of rows) {
    const known = before.rows.get(key);
    rows.set(key, { ...remembered(known, row, time), trails: trailsAfter(known, row, true) });
  }
  return { name: before.name, time, rows };
}

/** A container's window, as its own page tells it, in the place of what was seen of it. */
export function takeSeries(before: Fleet, answer: unknown): Fleet {
  const rows = new Map(before.rows);
  for (const entry of listAt(answer, "containers")) {
    const told = parseRow(entry, before.name);
    const row = told === undefined ? undefined : rows.get(told.key);
    if (told === undefined || row === undefined || !isSeeded(told)) continue;
    const known = Object.entries(told.trails).filter(([, values]) => values.length > 0);
    rows.set(row.key, { ...row, trails: { ...row.trails, ...Object.fromEntries(known) } });
  }
  return { ...before, rows };
}

/** Nobody has told what was: a gap in every trail. */
export function takeGap(before: Fleet): Fleet {
  const rows = new Map<string, Row>();
  for (const [key, row] of before.rows) {
    rows.set(key, { ...row, trails: extended(row.trails, {}) });
  }
  return { ...before, rows };
}

/** When it has last been killed or started again, as far as that was seen here. */
function remembered(before: Row | undefined, row: Row, time: number): Row {
  if (before === undefined) return row;
  const killedAt = isMore(before.values.oom_kills, row.values.oom_kills) ? time : before.killedAt;
  const restartedAt = isMore(before.restarts, row.restarts) ? time : before.restartedAt;
  return {
    ...row,
    ...(killedAt === undefined ? {} : { killedAt }),
    ...(restartedAt === undefined ? {} : { restartedAt }),
  };
}

function trailsAfter(before: Row | undefined, row: Row, isNews: boolean): Trails {
  if (before === undefined) return extended(row.trails, row.values);
  return isNews ? extended(before.trails, row.values) : before.trails;
}

/** Whether the answer has told of the window too. */
function isSeeded(row: Row): boolean {
  return row.trails.cpu_cores.length > 0;
}

function isMore(before: number | undefined, now: number | undefined): boolean {
  return before !== undefined && now !== undefined && now > before;
}
