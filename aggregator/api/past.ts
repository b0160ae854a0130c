import { type ContainerStats, matches, type Series } from "../../wire/stats/answer.ts";
import { ambiguous, findAll } from "../../wire/stats/find.ts";
import { QueryError, type StatsQuery } from "../../wire/stats/query.ts";
import type { Ask, History, Known, Range, Totals } from "../history/history.ts";
import { stepOf } from "./range.ts";

/** Numbers in an answer; more would keep everybody else waiting. */
const MOST_NUMBERS = 1_000_000;

/** What is asked of the past. */
export interface PastQuery {
  readonly query: StatsQuery;
  readonly range: Range;
  readonly node: string | undefined;
  /** Picks one container. */
  readonly word?: string;
}

interface Found extends Known {
  readonly totals: Totals;
}

/** The statistics of a range, of all containers that ran in it. */
export async function pastStats(history: History, past: PastQuery): Promise<ContainerStats[]> {
  const { query, range } = past;
  if (query.window !== undefined) {
    throw new QueryError("window", "goes without start and end, which say it themselves");
  }
  // What cannot be answered anyway is not looked for first.
  stepOf(range, query.step, history.resolution(range.start));
  const known = choose(await history.containers(range), past);
  const ask = { ...range, stats: query.stats, summaries: query.summaries };
  const totals = await history.totals({ ...ask, keys: keysOf(known) });
  const found = sorted(
    known.flatMap((each) => {
      const own = totals.get(each.key);
      return own === undefined ? [] : [{ ...each, totals: own }];
    }),
    query,
  ).slice(0, query.limit);
  const series = await seriesOf(history, past, { ...ask, keys: keysOf(found) });
  return found.map(({ key, node, container, totals: { latest, window } }) => {
    const own = series.get(key);
    return { node, ...container, latest, window, ...(own === undefined ? {} : { series: own }) };
  });
}

/** One container always has its series, a list only if a step was given; CSV has no place for it. */
async function seriesOf(
  history: History,
  { query, range, word }: PastQuery,
  ask: Ask,
): Promise<ReadonlyMap<number, Series>> {
  const isWanted = query.format !== "csv" && (word !== undefined || query.step !== undefined);
  if (!isWanted) return new Map();
  const step = stepOf(range, query.step, history.resolution(range.start));
  refuseTooMuch(ask, step);
  return history.series(ask, step);
}

const keysOf = (known: readonly Known[]): number[] => known.map(({ key }) => key);

function choose(known: readonly Known[], { query, node, word }: PastQuery): Known[] {
  const ofNode = known.filter((each) => node === undefined || each.node === node);
  const named = word === undefined ? ofNode : findNamed(ofNode, word);
  return named.filter(({ container }) => matches(container, query));
}

/** Containers of one name may have followed one another; the beginning of an id must be of one. */
function findNamed(known: readonly Known[], word: string): Known[] {
  const found = findAll(known, word);
  const ids = new Set(found.map(({ container }) => container.container_id));
  const names = new Set(found.map(({ container }) => container.name));
  if (ids.size > 1 && names.size > 1) throw ambiguous(found, word);
  return found;
}

function sorted(found: Found[], { sort }: StatsQuery): Found[] {
  const byName = (a: Found, b: Found): number =>
    a.container.name < b.container.name ? -1 : Number(a.container.name > b.container.name);
  if (sort === undefined || sort.stat === "name") found.sort(byName);
  else {
    const { name } = sort.stat;
    const keyOf = ({ totals }: Found): number =>
      Number(totals.latest[name] ?? Number.NEGATIVE_INFINITY);
    found.sort((a, b) => keyOf(a) - keyOf(b) || -byName(a, b));
  }
  return sort?.descending === true ? found.toReversed() : found;
}

function refuseTooMuch({ keys, stats, summaries, start, end }: Ask, step: number): void {
  const points = Math.ceil((end - start) / step) + 1;
  const numbers = keys.length * points * stats.length * summaries.length;
  if (numbers <= MOST_NUMBERS) return;
  throw new QueryError(
    "step",
    `the answer would have ${numbers} numbers, more than ${MOST_NUMBERS}; narrow it with name, metrics, stat, limit or a longer step`,
  );
}
