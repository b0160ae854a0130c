import { Slice } from "../../lib/slice.ts";
import { type ContainerStats, containerStats, select } from "../../wire/stats/answer.ts";
import { findSubjects } from "../../wire/stats/find.ts";
import type { StatsQuery } from "../../wire/stats/query.ts";
import type { ClusterView } from "./route.ts";

/** The statistics of now, of all nodes or of one; `word` picks one container. */
export async function liveStats(
  { cluster, clock }: ClusterView,
  query: StatsQuery,
  node: string | undefined,
  word?: string,
): Promise<ContainerStats[]> {
  const all = [...cluster.subjects(clock.now())];
  const ofNode = node === undefined ? all : all.filter((subject) => subject.node === node);
  const named = word === undefined ? ofNode : findSubjects(ofNode, word);
  const slice = new Slice();
  const stats: ContainerStats[] = [];
  for (const subject of select(named, query)) {
    stats.push(containerStats(subject, query));
    if (slice.isOver()) await slice.next();
  }
  return stats;
}
