import { type Limits, NO_LIMITS } from "../../wire/container.ts";
import type { Machine } from "../../wire/feed.ts";
import { allStats } from "../../wire/metrics/all.ts";
import type { LimitName } from "../../wire/metrics/metric.ts";
import type { Values } from "../../wire/stats/answer.ts";
import type { LevelRow, Utilization } from "../../wire/stats/level-row.ts";
import type { LevelMembers } from "./level-members.ts";
import type { Summed } from "./level-summary.ts";
import type { Placed } from "./level.ts";

/** What is known of a row besides its members. */
export interface RowFacts {
  /** How many of its containers run. */
  readonly running: number;
  /** What the machines of its nodes have, as far as it is known of all. */
  readonly capacity?: Machine | undefined;
  /** The sums of its containers at the time of the latest values. */
  readonly contained?: Summed["latest"] | undefined;
}

/** One row of an answer. */
export function levelRow<T extends Placed>(
  of: LevelMembers<T>,
  summed: Summed,
  { running, capacity, contained }: RowFacts,
): LevelRow {
  const { level, name, containers, members, isWhole } = of;
  const nodes = new Set([...members, ...containers].map(({ node }) => node));
  const [node] = nodes;
  const outside = isWhole && contained !== undefined ? outsideOf(summed.latest, contained) : {};
  const utilization = isWhole ? utilizationOf(summed.latest, capacity) : {};
  return {
    level,
    name,
    ...(nodes.size === 1 && node !== undefined ? { node } : {}),
    nodes: nodes.size,
    containers: running,
    groups: shared(containers.map(({ container }) => container.groups)),
    labels: shared(containers.map(({ container }) => container.labels)),
    limits: limitsOf(containers),
    ...(capacity === undefined ? {} : { capacity }),
    ...(isEmpty(utilization) ? {} : { utilization }),
    ...(isEmpty(outside) ? {} : { outside_containers: outside }),
    ...summed,
  };
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0;

type Words = Readonly<Record<string, string>>;

/** The keys that have the same value in all. */
function shared(all: readonly Words[]): Words {
  const [first, ...others] = all;
  let entries = Object.entries(first ?? {});
  for (const other of others) {
    if (entries.length === 0) break;
    entries = entries.filter(([key, value]) => other[key] === value);
  }
  return Object.fromEntries(entries);
}

/** The sum of the limits; a group with one container that has none can use all there is. */
function limitsOf(containers: readonly Placed[]): Limits {
  if (containers.length === 0) return NO_LIMITS;
  const sumOf = (name: LimitName): number | null =>
    containers.reduce<number | null>((sum, { container: { limits } }) => {
      const limit = limits[name];
      return sum === null || limit === null ? null : sum + limit;
    }, 0);
  return {
    cpu_cores: sumOf("cpu_cores"),
    memory_bytes: sumOf("memory_bytes"),
    pids: sumOf("pids"),
  };
}

/** The capacities of machines added up. */
export function capacityOf(machines: readonly Machine[]): Machine | undefined {
  if (machines.length === 0) return undefined;
  return machines.reduce((a, b) => ({
    cpu_cores: a.cpu_cores + b.cpu_cores,
    memory_bytes: a.memory_bytes + b.memory_bytes,
  }));
}

function utilizationOf(latest: Summed["latest"], capacity: Machine | undefined): Utilization {
  if (capacity === undefined) return {};
  const cpu = ratio(latest["cpu_cores"], capacity.cpu_cores);
  const memory = ratio(latest["memory_working_set_bytes"], capacity.memory_bytes);
  return {
    ...(cpu === undefined ? {} : { cpu_ratio: cpu }),
    ...(memory === undefined ? {} : { memory_ratio: memory }),
  };
}

function ratio(part: number | string | undefined, whole: number): number | undefined {
  return typeof part === "number" && whole > 0 ? part / whole : undefined;
}

/** Machine and containers are not read at the very same moment, so the rest may be less than nothing. */
function outsideOf(whole: Summed["latest"], contained: Summed["latest"]): Values {
  const outside: Values = {};
  for (const { name, rollUp } of allStats) {
    const all = whole[name];
    // A container's network is no part of its machine's.
    if (rollUp !== "sum" || name.startsWith("network_") || typeof all !== "number") continue;
    const inside = contained[name] ?? 0;
    if (typeof inside === "number") outside[name] = Math.max(0, all - inside);
  }
  return outside;
}
