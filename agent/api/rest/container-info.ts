import type { Tracked } from "../../window/tracked.ts";
import type { GoObject } from "./go-json.ts";
import { sampleAt } from "./sample.ts";
import type { RestSources } from "./sources.ts";
import { specOf } from "./spec.ts";
import { statsOf } from "./stats-v1.ts";

/** Which samples are wanted, oldest first. */
export interface SampleRange {
  /** The newest so many; Infinity = all. */
  readonly count: number;
  /** Unix milliseconds; undefined = without an end. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** The places of the samples that are wanted. */
export function positionsOf({ ring }: Tracked, { count, start, end }: SampleRange): number[] {
  const positions: number[] = [];
  for (let position = ring.length - 1; position >= 0 && positions.length < count; position--) {
    const time = ring.timeAt(position);
    if (time < (start ?? time)) break;
    if (time <= (end ?? time)) positions.push(position);
  }
  return positions.toReversed();
}

/** Who a cgroup is, as cAdvisor has it; a plain cgroup has a path alone. */
function referenceOf({ cgroup, container }: Tracked): GoObject {
  const { container_id: id, name, runtime } = container;
  return {
    id,
    name: cgroup.id,
    aliases: id === undefined ? undefined : [name, id],
    namespace: runtime,
  };
}

/** The cgroup above one; undefined of the machine. */
function parentOf(id: string): string | undefined {
  if (id === "/") return undefined;
  const slash = id.lastIndexOf("/");
  return slash === 0 ? "/" : id.slice(0, slash);
}

/** The cgroups just below each one, by its path. */
export type Children = ReadonlyMap<string, readonly Tracked[]>;

/** Sorts cgroups by the ones above them. */
export function childrenOf(all: Iterable<Tracked>): Children {
  const children = new Map<string, Tracked[]>();
  for (const tracked of all) {
    const parent = parentOf(tracked.cgroup.id);
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [tracked]);
    else siblings.push(tracked);
  }
  for (const siblings of children.values()) {
    siblings.sort((a, b) => (a.cgroup.id < b.cgroup.id ? -1 : 1));
  }
  return children;
}

/** A cgroup as API v1 has it. */
export function containerInfoOf(
  tracked: Tracked,
  children: Children,
  range: SampleRange,
  sources: RestSources,
): GoObject {
  const below = children.get(tracked.cgroup.id)?.map(referenceOf);
  const stats = positionsOf(tracked, range).map((position) =>
    statsOf(sampleAt(tracked, position), sources),
  );
  return {
    ...referenceOf(tracked),
    subcontainers: below,
    spec: specOf(tracked, sources),
    stats: stats.length === 0 ? undefined : stats,
  };
}
