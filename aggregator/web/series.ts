import type { Series } from "../../wire/stats/answer.ts";

type Points = readonly (number | null)[];
type Values = Series["values"];

/** The values of a series, each list changed by a function. */
function mapLists(values: Values, change: (points: Points) => Points): Values {
  return Object.fromEntries(
    Object.entries(values).map(([stat, summaries]) => [
      stat,
      Object.fromEntries(
        Object.entries(summaries).map(([summary, points]) => [summary, change(points)]),
      ),
    ]),
  );
}

function sliceSeries(series: Series, from: number, to: number): Series {
  return {
    ...series,
    times: series.times.slice(from, to),
    values: mapLists(series.values, (points) => points.slice(from, to)),
  };
}

function positionAt(times: readonly number[], time: number): number {
  const position = times.findIndex((candidate) => candidate >= time);
  return position === -1 ? times.length : position;
}

const absent = (length: number): null[] => Array.from({ length }, () => null);

/** One series after the other; what only one of them has is absent in the other. */
function join(first: Series, second: Series): Series {
  const values: Record<string, Record<string, Points>> = {};
  for (const [stat, summary] of listNames([first, second])) {
    values[stat] = {
      ...values[stat],
      [summary]: [first, second].flatMap(
        (part) => part.values[stat]?.[summary] ?? absent(part.times.length),
      ),
    };
  }
  return { ...second, times: [...first.times, ...second.times], values };
}

function listNames(parts: readonly Series[]): (readonly [stat: string, summary: string])[] {
  return parts.flatMap(({ values }) =>
    Object.entries(values).flatMap(([stat, summaries]) =>
      Object.keys(summaries).map((summary) => [stat, summary] as const),
    ),
  );
}

/**
 * A series with a newer one at its end. Where they overlap the newer one counts, because samples
 * can arrive late. Steps before `from`, Unix seconds, are dropped.
 */
export function mergeSeries(old: Series, newer: Series, from: number): Series {
  const overlap = newer.times[0];
  const kept = sliceSeries(
    old,
    positionAt(old.times, from),
    overlap === undefined ? old.times.length : positionAt(old.times, overlap),
  );
  return join(kept, sliceSeries(newer, positionAt(newer.times, from), newer.times.length));
}

/** The positions after which samples are missing, with the time of the first missing step. */
function findGaps({ times, step_seconds }: Series, interval: number): Map<number, number> {
  const gaps = new Map<number, number>();
  const longest = 1.5 * Math.max(step_seconds, interval);
  for (const [position, time] of times.entries()) {
    const next = times[position + 1];
    if (next !== undefined && next - time > longest) gaps.set(position, time + step_seconds);
  }
  return gaps;
}

/**
 * The series with an absent step in each gap, so that no line is drawn over it. `interval` is the
 * time between two samples, in seconds.
 */
export function withGaps(series: Series, interval: number): Series {
  const gaps = findGaps(series, interval);
  if (gaps.size === 0) return series;
  const widen = <Point>(points: readonly Point[], at: (time: number) => Point): Point[] =>
    points.flatMap((point, position) => {
      const gap = gaps.get(position);
      return gap === undefined ? [point] : [point, at(gap)];
    });
  return {
    ...series,
    times: widen(series.times, (time) => time),
    values: mapLists(series.values, (points) => widen(points, () => null)),
  };
}

/** One list of a series, as long as its times; all absent where it was not measured. */
export function pointsOf(series: Series, stat: string, summary: "avg" | "max"): Points {
  return series.values[stat]?.[summary] ?? absent(series.times.length);
}

/** The highest value; 0 where there is none. */
export function highestOf(points: Points): number {
  return points.reduce<number>((highest, point) => Math.max(highest, point ?? 0), 0);
}

/** The newest value; undefined where there is none. */
export function newestOf(points: Points): number | undefined {
  return points.findLast((point) => point !== null) ?? undefined;
}
