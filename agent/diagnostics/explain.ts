import { columnOf } from "../../wire/metrics/all.ts";
import type { LimitName } from "../../wire/metrics/metric.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import type { Collector } from "../collectors/collector.ts";
import type { Named, Part } from "./names.ts";
import type { Sampled, Scene } from "./scene.ts";
import { type Why, whyAbsent, whyNotAsked } from "./why.ts";

/** Whether something is measured, and if not why. */
export interface Explanation {
  readonly name: string;
  readonly kind: Named["kind"];
  /** The group of metrics that it belongs to. */
  readonly group: string;
  /** `partly`: of some containers only. `off`: a setting says so. `unknown`: there is nothing to measure now. */
  readonly status: "measured" | "partly" | "absent" | "off" | "unknown";
  /** Of how many cgroups it is measured, of how many that were looked at. */
  readonly measured_of: number;
  readonly looked_at: number;
  /** In one line; absent where all is measured. */
  readonly reason?: string;
  readonly remedy?: string;
}

/** Hosts have hundreds of containers; so many tell what can be measured here. */
const MOST_LOOKED_AT = 300;

/** The containers, or all cgroups where there are none, or at least the machine itself. */
export function subjectsOf({ sampling }: Scene): readonly Sampled[] {
  const all = [...(sampling?.sampled() ?? [])];
  const containers = all.filter(({ cgroup: { id } }) => engineIdOf(id) !== undefined);
  const others = all.filter(({ cgroup: { id } }) => id !== "/");
  const best = [containers, others, all].find((some) => some.length > 0) ?? [];
  return best.slice(0, MOST_LOOKED_AT);
}

function isMeasured(sampled: Sampled, part: Part): boolean {
  if ("metric" in part) return !Number.isNaN(sampled.newestValue(columnOf(part.metric)));
  const series = sampled.seriesOf(part.collector);
  for (const values of series?.values() ?? []) {
    if (!Number.isNaN(values[part.place] ?? Number.NaN)) return true;
  }
  return false;
}

function hasLimit(sampled: Sampled, limit: LimitName | undefined): boolean {
  return limit === undefined || sampled.container.limits[limit] !== null;
}

function has(sampled: Sampled, { kind, parts, limit }: Named): boolean {
  if (!hasLimit(sampled, limit)) return false;
  return kind === "stat"
    ? parts.every((part) => isMeasured(sampled, part))
    : parts.some((part) => isMeasured(sampled, part));
}

/** Why its collector is not at work; undefined if it is. */
function whyOff(scene: Scene, collector: Collector, kind: Named["kind"]): Why | undefined {
  const notAsked = scene.sampling && whyNotAsked(collector, scene.sampling);
  if (notAsked !== undefined) return notAsked;
  const wanted = scene.wanted(collector);
  if (wanted === "everywhere" || (wanted === "stats" && kind === "stat")) return undefined;
  const { group } = collector;
  return {
    reason:
      wanted === "stats"
        ? `the group ${group} is measured for /stats alone`
        : `the group ${group} is off`,
    remedy: `name ${group} in --metrics-enable, beside all other groups that are wanted, and not in --metrics-disable`,
  };
}

/**
 * Why something is absent on this host, told by what the collectors have really found.
 * @param subjects of `subjectsOf`
 */
export function explainAbsence(
  named: Named,
  scene: Scene,
  subjects: readonly Sampled[],
): Explanation {
  const { name, kind, parts, limit } = named;
  const lacking = subjects.filter((sampled) => !has(sampled, named));
  const counts = {
    name,
    kind,
    group: parts[0]?.collector.group ?? "",
    measured_of: subjects.length - lacking.length,
    looked_at: subjects.length,
  };
  // What several collectors measure is off when all of them are.
  const offs = parts.map(({ collector }) => whyOff(scene, collector, kind));
  const [off] = offs;
  if (off !== undefined && offs.every((why) => why !== undefined)) {
    return { ...counts, status: "off", ...off };
  }
  const [first] = lacking;
  if (first === undefined) {
    return subjects.length > 0
      ? { ...counts, status: "measured" }
      : { ...counts, status: "unknown", reason: "there is no cgroup to measure" };
  }
  const status = counts.measured_of > 0 ? "partly" : "absent";
  if (!hasLimit(first, limit)) {
    return {
      ...counts,
      status,
      reason: `it is a part of a limit, and there are containers without one (${String(limit)})`,
      remedy: "give them a limit, such as docker run --memory",
    };
  }
  const part = parts.find((each) => !isMeasured(first, each)) ?? parts[0];
  return { ...counts, status, ...(part === undefined ? NOT_KNOWN : whyAbsent(part, first, scene)) };
}

const NOT_KNOWN: Why = { reason: "nothing here measures it" };
