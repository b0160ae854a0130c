import { Slice } from "../../lib/slice.ts";
import type { LevelRow } from "../../wire/stats/level-row.ts";
import type { StatsQuery } from "../../wire/stats/query.ts";
import type { NodeState, RecentSubject } from "../model/cluster.ts";
import { type LevelMembers, levelMembers } from "../model/level-members.ts";
import { capacityOf, levelRow } from "../model/level-row.ts";
import { LevelSummary, type Summed } from "../model/level-summary.ts";
import { RollUp } from "../model/roll-up.ts";
import { newestSecond, oldestSecond, SECOND_MS, type Seconds } from "../model/seconds.ts";
import { type LevelQuery, type Levels, rowsIn } from "./levels.ts";
import type { ClusterView } from "./route.ts";

/** What an agent keeps. */
const WINDOW_MS = 60_000;

/** The rows of a level as they are now. */
export async function liveLevels(view: ClusterView, asked: LevelQuery): Promise<Levels> {
  const { cluster, clock } = view;
  const now = clock.now();
  const nodesOf = (): NodeState[] =>
    [...cluster.nodes(now)].filter(({ node }) => asked.node === undefined || node === asked.node);
  const nodes = nodesOf();
  const seconds = secondsOf(nodes, now, asked.query);
  if (seconds === undefined) return { rows: [], windowSeconds: 0, resolutionSeconds: 1 };
  const names = new Set(nodes.map(({ node }) => node));
  const subjects = [...cluster.recent(now)].filter(({ node }) => names.has(node));
  const members = levelMembers(subjects, { ...asked, clusterName: view.clusterName });
  // Whoever answers meanwhile lets go of its oldest samples.
  const oldest = (): number => oldestSecond(nodesOf(), WINDOW_MS);
  const summing = new Summing(asked.summed, seconds, oldest);
  const slice = new Slice();
  const rows: LevelRow[] = [];
  for (const row of members) {
    const running = row.containers.filter(({ isRunning }) => isRunning);
    if (running.length === 0 && !row.isWhole) continue;
    const summed = await summing.sum(row.members, slice);
    const contained = row.isWhole ? await summing.latest(row.containers, slice) : undefined;
    const capacity = capacityOf(machinesOf(row, nodes));
    rows.push(
      levelRow({ ...row, containers: running }, summed, {
        running: running.length,
        capacity,
        contained,
      }),
    );
  }
  const windowSeconds = Math.max(0, seconds.to - seconds.from + 1);
  return { rows: rowsIn(rows, asked), windowSeconds, resolutionSeconds: 1 };
}

/** The machines of a row's nodes, for the levels that are made of machines. */
function machinesOf(
  { level, members, containers }: LevelMembers<RecentSubject>,
  nodes: readonly NodeState[],
): NodeState["machine"][] {
  if (level !== "node" && level !== "cluster") return [];
  const names = new Set([...members, ...containers].map(({ node }) => node));
  return nodes.filter(({ node }) => names.has(node)).map(({ machine }) => machine);
}

function secondsOf(
  nodes: readonly NodeState[],
  now: number,
  { window = WINDOW_MS }: StatsQuery,
): Seconds | undefined {
  const to = newestSecond(nodes, now);
  if (to === undefined) return undefined;
  const wanted = to - Math.max(1, Math.round(window / SECOND_MS)) + 1;
  const from = Math.max(wanted, oldestSecond(nodes, WINDOW_MS));
  // Where a node has lagged for a minute there is only the newest second.
  return { grid: SECOND_MS, from: Math.min(from, to), to };
}

/** Adds up one row after the other. */
class Summing {
  readonly #query: StatsQuery;
  readonly #window: RollUp;
  readonly #newest: RollUp;
  readonly #oldest: () => number;

  constructor(query: StatsQuery, seconds: Seconds, oldest: () => number) {
    this.#query = query;
    this.#window = new RollUp(query.stats, seconds);
    this.#newest = new RollUp(query.stats, { ...seconds, from: seconds.to });
    this.#oldest = oldest;
  }

  sum(members: readonly RecentSubject[], slice: Slice): Promise<Summed> {
    return this.#sum(this.#window, members, slice);
  }

  async latest(members: readonly RecentSubject[], slice: Slice): Promise<Summed["latest"]> {
    return (await this.#sum(this.#newest, members, slice)).latest;
  }

  async #sum(rollUp: RollUp, members: readonly RecentSubject[], slice: Slice): Promise<Summed> {
    rollUp.clear();
    for (const member of members) {
      rollUp.add(member);
      if (slice.isOver()) await slice.next();
    }
    const { grid, to } = rollUp.seconds;
    const summary = new LevelSummary(this.#query, grid);
    const oldest = Math.min(this.#oldest(), to);
    for (const [second, values] of rollUp.values()) {
      if (second >= oldest) summary.add(second * grid, values);
    }
    return summary.finish();
  }
}
