import type { Container } from "../../wire/container.ts";
import type { Level } from "../../wire/levels.ts";
import { allStats } from "../../wire/metrics/all.ts";
import { matches } from "../../wire/stats/answer.ts";
import type { LevelRow } from "../../wire/stats/level-row.ts";
import type { StatsQuery } from "../../wire/stats/query.ts";

/** A question about a level. */
export interface LevelQuery {
  readonly level: Level;
  readonly query: StatsQuery;
  /** The query with the statistics that the rows are made and sorted by, too. */
  readonly summed: StatsQuery;
  readonly node: string | undefined;
  /** Which containers count; undefined = all, and nodes count as a whole. */
  readonly isChosen: ((container: Container) => boolean) | undefined;
}

/** The rows of a level, and what they are about. */
export interface Levels {
  readonly rows: readonly LevelRow[];
  readonly windowSeconds: number;
  readonly resolutionSeconds: number;
}

/** A question about a level; the name is that of a row, every other filter is one of containers. */
export function levelQuery(level: Level, query: StatsQuery, node: string | undefined): LevelQuery {
  const { name: _, ...ofContainers } = query;
  const { labels, runtime, group } = query;
  const isFiltered = labels.length > 0 || runtime !== undefined || group !== undefined;
  const isChosen = (container: Container): boolean => matches(container, ofContainers);
  const summed = { ...query, stats: statsFor(level, query) };
  return { level, query, summed, node, isChosen: isFiltered ? isChosen : undefined };
}

/** What a utilization is made of. */
const UTILIZED = ["cpu_cores", "memory_working_set_bytes"];

function statsFor(level: Level, { stats, sort }: StatsQuery): StatsQuery["stats"] {
  const names = level === "node" || level === "cluster" ? UTILIZED : [];
  const needed = allStats.filter((stat) => stat === sort?.stat || names.includes(stat.name));
  return [...new Set([...stats, ...needed])];
}

/** The rows that a query asks for, in its order, no more than it wants, with its statistics alone. */
export function rowsIn(rows: readonly LevelRow[], { query, summed }: LevelQuery): LevelRow[] {
  const { name, sort, limit, stats } = query;
  const named = rows.filter((row) => name === undefined || name.test(row.name));
  const chosen = named.toSorted(orderOf(sort)).slice(0, limit);
  if (summed.stats.length === stats.length) return chosen;
  const names = new Set(["time", ...stats.map((stat) => stat.name)]);
  return chosen.map((row) => only(row, names));
}

function only(row: LevelRow, names: ReadonlySet<string>): LevelRow {
  const pick = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
  const { latest, window, series, outside_containers: outside } = row;
  return {
    ...row,
    ...(outside === undefined ? {} : { outside_containers: pick(outside) }),
    latest: pick(latest),
    window: pick(window),
    ...(series === undefined ? {} : { series: { ...series, values: pick(series.values) } }),
  };
}

function byName(a: LevelRow, b: LevelRow): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/** By the statistic, the absent as the least; what is equal by name. */
function orderOf(sort: StatsQuery["sort"]): (a: LevelRow, b: LevelRow) => number {
  if (sort === undefined) return byName;
  const sign = sort.descending ? -1 : 1;
  if (sort.stat === "name") return (a, b) => sign * byName(a, b);
  const { name } = sort.stat;
  const keyOf = ({ latest }: LevelRow): number => Number(latest[name] ?? Number.NEGATIVE_INFINITY);
  return (a, b) => {
    const [one, other] = [keyOf(a), keyOf(b)];
    return one === other ? byName(a, b) : sign * (one - other);
  };
}
