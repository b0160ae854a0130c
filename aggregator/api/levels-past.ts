import type { LevelRow } from "../../wire/stats/level-row.ts";
import { QueryError } from "../../wire/stats/query.ts";
import type { History, LevelAsk, Range, Seen } from "../history/history.ts";
import { type LevelMembers, levelMembers } from "../model/level-members.ts";
import { capacityOf, levelRow } from "../model/level-row.ts";
import { LevelSummary, type Summed } from "../model/level-summary.ts";
import { newestSecond, SECOND_MS } from "../model/seconds.ts";
import { type LevelQuery, type Levels, rowsIn } from "./levels.ts";
import { gridsFor, stepOf } from "./range.ts";
import type { ClusterView } from "./route.ts";

/** Numbers that are added up for one answer; more would take more memory than the history may have. */
const MOST_NUMBERS = 4_000_000;

/** The rows of a level as they were in a range. */
export async function pastLevels(
  view: ClusterView,
  history: History,
  asked: LevelQuery,
  range: Range,
): Promise<Levels> {
  if (asked.query.window !== undefined) {
    throw new QueryError("window", "goes without start and end, which say it themselves");
  }
  const told = toldRange(view, asked, range);
  const seen = await history.containers(told);
  const ofNode = seen.filter(({ node }) => asked.node === undefined || node === asked.node);
  const members = levelMembers(ofNode, { ...asked, clusterName: view.clusterName });
  const resolution = history.resolution(told.start);
  const step =
    asked.query.step === undefined ? undefined : stepOf(told, asked.query.step, resolution);
  const grids = gridsFor(step, resolution);
  const grid = gridOf(members, asked, told, grids);
  const ask = { ...told, grid, stats: asked.summed.stats };
  const summed = await sum(history, ask, { ...asked.summed, step }, members);
  const contained = await sumContained(history, ask, asked, members, summed);
  const rows: LevelRow[] = [];
  for (const [index, row] of members.entries()) {
    const own = summed[index];
    if (own === undefined) continue;
    const running = runningAt(row.containers, own.latest.time, grid);
    // Limits are those of the last second, or they would be counted again with each recreation.
    const containers = running.length === 0 ? row.containers : running;
    rows.push(
      levelRow({ ...row, containers }, own, {
        running: running.length,
        capacity: capacityIn(view, row),
        contained: contained[index],
      }),
    );
  }
  return {
    rows: rowsIn(rows, asked),
    windowSeconds: (told.end - told.start) / 1000,
    resolutionSeconds: grid / 1000,
  };
}

/** Nodes hand in their seconds one after the other; a second is told when all have. */
function toldRange(view: ClusterView, asked: LevelQuery, range: Range): Range {
  const now = view.clock.now();
  const nodes = [...view.cluster.nodes(now)].filter(
    ({ node }) => asked.node === undefined || node === asked.node,
  );
  const newest = newestSecond(nodes, now);
  if (newest === undefined) return range;
  const end = Math.min(range.end, (newest + 1) * SECOND_MS);
  return end > range.start ? { ...range, end } : range;
}

function gridOf(
  members: readonly LevelMembers<Seen>[],
  { summed }: LevelQuery,
  { start, end }: Range,
  grids: readonly number[],
): number {
  const added = members.reduce((count, row) => count + row.members.length, 0);
  const numbers = (grid: number): number =>
    added * summed.stats.length * Math.ceil((end - start) / grid);
  const grid = grids.find((candidate) => numbers(candidate) <= MOST_NUMBERS);
  if (grid !== undefined) return grid;
  throw new QueryError(
    summed.step === undefined ? "start" : "step",
    `too much to add up at once; narrow it with metrics, group, node, a shorter range or a longer step`,
  );
}

type SumAsk = Omit<LevelAsk, "rows">;

/** What each row comes to; undefined where nothing was measured and nothing is to be shown. */
async function sum(
  history: History,
  ask: SumAsk,
  summary: ConstructorParameters<typeof LevelSummary>[0],
  rows: readonly LevelMembers<Seen>[],
): Promise<(Summed | undefined)[]> {
  const summaries = new Map<number, LevelSummary>();
  await history.levels(
    { ...ask, rows: rows.map(({ members }) => members) },
    (row, time, values) => {
      const own = summaries.get(row) ?? new LevelSummary(summary, ask.grid);
      summaries.set(row, own);
      own.add(time, values);
    },
  );
  return rows.map(({ isWhole }, row) => {
    const own = summaries.get(row);
    // A machine is there even if its root was not measured.
    return own === undefined && isWhole ? { latest: {}, window: {} } : own?.finish();
  });
}

/** What the containers of machines use at the newest second of all. */
async function sumContained(
  history: History,
  ask: SumAsk,
  { summed }: LevelQuery,
  rows: readonly LevelMembers<Seen>[],
  whole: readonly (Summed | undefined)[],
): Promise<(Summed["latest"] | undefined)[]> {
  const times = whole.map((own, row) => (rows[row]?.isWhole === true ? timeOf(own) : Number.NaN));
  const newest = times.reduce((a, b) => (b > a ? b : a), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(newest)) return [];
  const second = { ...ask, start: newest, end: newest + ask.grid };
  const containers = rows.map((row) => ({ ...row, members: row.containers }));
  const contained = await sum(history, second, { ...summed, step: undefined }, containers);
  return contained.map((own, row) => (times[row] === newest ? own?.latest : undefined));
}

const timeOf = (summed: Summed | undefined): number => Date.parse(summed?.latest.time ?? "");

/** The containers that had samples until a row's newest second. */
function runningAt(
  containers: readonly Seen[],
  time: string | undefined,
  grid: number,
): readonly Seen[] {
  if (time === undefined) return containers;
  const newest = Date.parse(time);
  return containers.filter(({ lastTime }) => lastTime >= newest - grid);
}

/** The machines' capacities, as far as they are known now. */
function capacityIn(
  { cluster, clock }: ClusterView,
  { level, members, containers }: LevelMembers<Seen>,
): ReturnType<typeof capacityOf> {
  if (level !== "node" && level !== "cluster") return undefined;
  const names = new Set([...members, ...containers].map(({ node }) => node));
  const known = [...cluster.nodes(clock.now())].filter(({ node }) => names.has(node));
  return known.length < names.size ? undefined : capacityOf(known.map(({ machine }) => machine));
}
