import type { Container } from "../container.ts";
import type { Stat } from "../metrics/metric.ts";
import type { Ring } from "../ring.ts";
import { type Derive, derive } from "./derive.ts";
import type { StatsQuery } from "./query.ts";
import { Stretch, type Summary, weightOf } from "./summary.ts";

/** A container and its last samples. */
export interface Subject {
  readonly container: Container;
  readonly ring: Ring;
  /** Where it runs; absent where there is only one node. */
  readonly node?: string;
}

/** Values by statistic; a statistic that can't be measured has no key. */
export type Values = Record<string, number>;

/** Values over time; all lists are as long as `times`, null = absent. */
export interface Series {
  readonly step_seconds: number;
  /** Unix time in seconds of the beginning of each step. */
  readonly times: readonly number[];
  readonly values: Readonly<Record<string, Readonly<Record<string, readonly (number | null)[]>>>>;
}

/** One container in the answer of `/stats`. */
export interface ContainerStats extends Container {
  readonly node?: string;
  readonly latest: { readonly time?: string } & Readonly<Record<string, number | string>>;
  readonly window: Readonly<Record<string, Values>>;
  readonly series?: Series;
}

const derivations = new Map<Stat, Derive>();

/** The function that computes a statistic, made once. */
export function derivationOf(stat: Stat): Derive {
  let derivation = derivations.get(stat);
  if (derivation === undefined) derivations.set(stat, (derivation = derive(stat)));
  return derivation;
}

/** Whether a container is one of those that the query asks for. */
export function matches(container: Container, query: StatsQuery): boolean {
  if (query.name !== undefined && !query.name.test(container.name)) return false;
  if (query.runtime !== undefined && container.runtime !== query.runtime) return false;
  if (query.group !== undefined && !holds(container.groups, ...query.group)) return false;
  return query.labels.every(([key, value]) => holds(container.labels, key, value));
}

/** Whether there is such a key, and with that value if one is asked for. */
function holds(words: Readonly<Record<string, string>>, key: string, value?: string): boolean {
  return Object.hasOwn(words, key) && (value === undefined || words[key] === value);
}

/** Used again and again; nothing here waits in between. */
const stretch = new Stretch();

function stretchOf(subject: Subject, stat: Stat, from: number, to: number): Stretch {
  const { ring, container } = subject;
  const derivation = derivationOf(stat);
  stretch.clear();
  for (let position = from; position < to; position++) {
    const value = derivation(ring, position, container.limits);
    stretch.add(value, weightOf(ring.intervalAt(position)));
  }
  return stretch;
}

function latestOf(subject: Subject, stats: readonly Stat[]): ContainerStats["latest"] {
  const { ring, container } = subject;
  const newest = ring.length - 1;
  if (newest < 0) return {};
  const latest: Record<string, number | string> = {
    time: new Date(ring.timeAt(newest)).toISOString(),
  };
  for (const stat of stats) {
    const value = derivationOf(stat)(ring, newest, container.limits);
    if (!Number.isNaN(value)) latest[stat.name] = value;
  }
  return latest;
}

function summariesOf(of: Stretch, summaries: readonly Summary[]): Values {
  const values: Values = {};
  for (const summary of summaries) values[summary] = of.summarize(summary);
  return values;
}

function windowOf(subject: Subject, query: StatsQuery, from: number): ContainerStats["window"] {
  const window: Record<string, Values> = {};
  for (const stat of query.stats) {
    const values = stretchOf(subject, stat, from, subject.ring.length);
    if (values.length > 0) window[stat.name] = summariesOf(values, query.summaries);
  }
  return window;
}

/** Positions where each step begins, and the end. */
function boundariesOf(
  ring: Ring,
  from: number,
  step: number,
): { starts: number[]; times: number[] } {
  const starts: number[] = [];
  const times: number[] = [];
  for (let position = from; position < ring.length; position++) {
    const time = Math.floor(ring.timeAt(position) / step) * step;
    if (time === times.at(-1)) continue;
    starts.push(position);
    times.push(time);
  }
  return { starts: [...starts, ring.length], times };
}

type Lists = Record<string, (number | null)[]>;

function listsOf(
  subject: Subject,
  stat: Stat,
  query: StatsQuery,
  starts: readonly number[],
): Lists {
  const lists: Lists = Object.fromEntries(query.summaries.map((summary) => [summary, []]));
  for (let step = 0; step + 1 < starts.length; step++) {
    const values = stretchOf(subject, stat, starts[step] ?? 0, starts[step + 1] ?? 0);
    for (const summary of query.summaries) {
      const value = values.summarize(summary);
      lists[summary]?.push(Number.isNaN(value) ? null : value);
    }
  }
  return lists;
}

/** The series of a container from a position on, in steps of `step` milliseconds. */
function seriesOf(subject: Subject, query: StatsQuery, from: number, step: number): Series {
  const { starts, times } = boundariesOf(subject.ring, from, step);
  const values: Record<string, Lists> = {};
  for (const stat of query.stats) {
    const lists = listsOf(subject, stat, query, starts);
    const isMeasured = Object.values(lists).some((list) => list.some((value) => value !== null));
    if (isMeasured) values[stat.name] = lists;
  }
  return { step_seconds: step / 1000, times: times.map((time) => time / 1000), values };
}

/** What `/stats` says of one container. */
export function containerStats(subject: Subject, query: StatsQuery): ContainerStats {
  const { ring, container, node } = subject;
  const newest = ring.timeAt(ring.length - 1);
  const from = query.window === undefined ? 0 : ring.positionAt(newest - query.window + 1);
  return {
    ...(node === undefined ? {} : { node }),
    ...container,
    latest: latestOf(subject, query.stats),
    window: windowOf(subject, query, from),
    ...(query.step === undefined ? {} : { series: seriesOf(subject, query, from, query.step) }),
  };
}

function sortKey(subject: Subject, stat: Stat): number {
  const { ring, container } = subject;
  const value = derivationOf(stat)(ring, ring.length - 1, container.limits);
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
}

function byName(a: Subject, b: Subject): number {
  return a.container.name < b.container.name ? -1 : Number(a.container.name > b.container.name);
}

/** By the statistic, the absent as the least; what is equal by name. */
function orderOf({ sort }: StatsQuery): (a: Subject, b: Subject) => number {
  if (sort === undefined) return byName;
  const { stat } = sort;
  const sign = sort.descending ? -1 : 1;
  if (stat === "name") return (a, b) => sign * byName(a, b);
  return (a, b) => sign * (sortKey(a, stat) - sortKey(b, stat)) || byName(a, b);
}

/** The subjects that a query asks for, in its order, no more than it wants. */
export function select(subjects: Iterable<Subject>, query: StatsQuery): Subject[] {
  const chosen = [...subjects].filter((subject) => matches(subject.container, query));
  chosen.sort(orderOf(query));
  return query.limit === undefined ? chosen : chosen.slice(0, query.limit);
}
