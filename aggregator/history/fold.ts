import { storedStats, wholeStats } from "../../wire/metrics/all.ts";
import { weightOf } from "../../wire/stats/summary.ts";
import type { Width } from "./tiers.ts";

/** One sample of one container. */
export interface Line {
  /** The container's number. */
  readonly key: number;
  /** Unix milliseconds. */
  readonly time: number;
  /** Milliseconds since the sample before. */
  readonly interval: number;
  /** As `storedStats` orders them; what is not finite is absent. */
  readonly row: Float64Array;
}

/** What the samples of an interval come to; lists are ordered like `storedStats`, NaN = absent. */
export interface Point {
  readonly key: number;
  /** Unix milliseconds of the interval's beginning. */
  readonly begin: number;
  lastTime: number;
  covered: number;
  longest: number;
  /** Value × milliseconds. */
  readonly sums: Float64Array;
  /** Milliseconds with a value. */
  readonly ms: Float64Array;
  readonly least: Float64Array;
  readonly most: Float64Array;
  /** Of the last sample. */
  readonly last: Float64Array;
  /** Of means of ratios, × milliseconds, in the order of `ratios`. */
  readonly parts: Float64Array;
  readonly wholes: Float64Array;
}

const WIDTH = storedStats.length;

/** The statistics that are means of ratios: where each stands, and what it is a ratio of. */
export const ratios: readonly { readonly place: number; readonly whole: number }[] =
  storedStats.flatMap((stat, place) => {
    const { from } = stat;
    if (stat.rollUp !== "mean" || from.kind !== "ratio") return [];
    const whole = wholeStats.find(({ from: { of } }) => of === from.over);
    return [{ place, whole: whole === undefined ? -1 : storedStats.indexOf(whole) }];
  });

/** Adds samples up by container and interval. Points of before go on, and are left as they were. */
export function fold(
  lines: Iterable<Line>,
  width: Width,
  before: Iterable<Point> = [],
): Map<string, Point> {
  const points = new Map<string, Point>();
  for (const point of before) points.set(nameOf(point.key, point.begin), copyOf(point));
  for (const line of lines) {
    const begin = Math.floor(stored(line.time) / width) * width;
    const name = nameOf(line.key, begin);
    const point = points.get(name) ?? emptyPoint(line.key, begin);
    points.set(name, point);
    add(point, line);
  }
  return points;
}

const nameOf = (key: number, begin: number): string => `${key} ${begin}`;

/** A time as the database keeps it, to the microsecond. */
const stored = (time: number): number => Math.round(time * 1000) / 1000;

function emptyPoint(key: number, begin: number): Point {
  return {
    key,
    begin,
    lastTime: Number.NEGATIVE_INFINITY,
    covered: 0,
    longest: 0,
    sums: new Float64Array(WIDTH),
    ms: new Float64Array(WIDTH),
    least: new Float64Array(WIDTH).fill(Number.NaN),
    most: new Float64Array(WIDTH).fill(Number.NaN),
    last: new Float64Array(WIDTH).fill(Number.NaN),
    parts: new Float64Array(ratios.length),
    wholes: new Float64Array(ratios.length),
  };
}

function copyOf(point: Point): Point {
  return {
    ...point,
    sums: point.sums.slice(),
    ms: point.ms.slice(),
    least: point.least.slice(),
    most: point.most.slice(),
    last: point.last.slice(),
    parts: point.parts.slice(),
    wholes: point.wholes.slice(),
  };
}

function add(point: Point, { time, interval, row }: Line): void {
  const weight = weightOf(Number.isFinite(interval) ? interval : 0);
  const isLast = stored(time) >= point.lastTime;
  point.covered += weight;
  point.longest = Math.max(point.longest, weight);
  if (isLast) point.lastTime = stored(time);
  for (let place = 0; place < WIDTH; place++) {
    const value = row[place] ?? Number.NaN;
    const isAbsent = !Number.isFinite(value);
    if (isLast) point.last[place] = isAbsent ? Number.NaN : value;
    if (!isAbsent) addValue(point, place, value, weight);
  }
  for (const [index, { place, whole }] of ratios.entries()) {
    const value = row[place] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    const own = row[whole] ?? Number.NaN;
    const of = Number.isFinite(own) ? own : 1;
    point.parts[index] = (point.parts[index] ?? 0) + value * of * weight;
    point.wholes[index] = (point.wholes[index] ?? 0) + of * weight;
  }
}

function addValue(point: Point, place: number, value: number, weight: number): void {
  const { sums, ms, least, most } = point;
  sums[place] = (sums[place] ?? 0) + value * weight;
  ms[place] = (ms[place] ?? 0) + weight;
  const [low = Number.NaN, high = Number.NaN] = [least[place], most[place]];
  if (!(low <= value)) least[place] = value;
  if (!(high >= value)) most[place] = value;
}
