import { Slice } from "../../lib/slice.ts";
import { encodeHead, encodeLabels, encodeValue } from "../../wire/exposition/encode.ts";
import type { Machine } from "../../wire/feed.ts";
import { columnOf } from "../../wire/metrics/all.ts";
import {
  levelCapacity,
  levelCounters,
  levelGauges,
  levelSize,
} from "../../wire/metrics/level-families.ts";
import type { Family } from "../../wire/metrics/metric.ts";
import type { Cluster, RecentSubject } from "../model/cluster.ts";
import { addTo } from "../model/counter-growth.ts";
import type { LevelTotal } from "../model/level-counters.ts";
import { ROOT } from "../model/level.ts";

const GAUGES = levelGauges.map(({ of }) => columnOf(of));

/** What a group has at the moment. */
interface Present {
  size: number;
  /** In the order of `levelGauges`, in raw units; NaN = absent. */
  readonly gauges: Float64Array;
}

/** The families of the levels' groups in the text format, written in small pieces of time. */
export async function encodeLevelGroups(
  cluster: Cluster,
  clusterName: string,
  now: number,
): Promise<string> {
  const { counters } = cluster;
  const totals = [...counters.totals];
  const labels = new Map(totals.map((total) => [total, labelsOf(total, clusterName)]));
  const slice = new Slice();
  const present = await presentOf(cluster, totals, now, slice);
  const lines: string[] = [];
  const write = (
    family: Family,
    type: "counter" | "gauge",
    valueOf: (total: LevelTotal) => number,
  ): void => {
    lines.push(encodeHead({ name: family.name, type, help: family.help }, "prometheus"));
    const own = family.labels === undefined ? "" : `,${encodeLabels(family.labels)}`;
    for (const total of totals) {
      const value = valueOf(total);
      if (Number.isNaN(value)) continue;
      lines.push(`${family.name}{${labels.get(total) ?? ""}${own}} ${encodeValue(value)}\n`);
    }
  };
  for (const [index, family] of levelCounters.entries()) {
    const { scale } = family.of;
    write(family, "counter", (total) => (total.counters[index] ?? Number.NaN) / scale);
    if (slice.isOver()) await slice.next();
  }
  for (const [index, family] of levelGauges.entries()) {
    write(family, "gauge", (total) => present.get(total)?.gauges[index] ?? Number.NaN);
    if (slice.isOver()) await slice.next();
  }
  write(levelSize, "gauge", (total) => present.get(total)?.size ?? Number.NaN);
  const capacities = capacitiesOf(cluster, now);
  for (const key of ["cpu_cores", "memory_bytes"] as const) {
    write(levelCapacity[key], "gauge", ({ level, name }) => {
      return capacities.get(`${level} ${name}`)?.[key] ?? Number.NaN;
    });
  }
  return lines.join("");
}

function labelsOf({ level, name }: LevelTotal, clusterName: string): string {
  return encodeLabels({ level, name: level === "cluster" ? clusterName : name });
}

async function presentOf(
  cluster: Cluster,
  totals: readonly LevelTotal[],
  now: number,
  slice: Slice,
): Promise<Map<LevelTotal, Present>> {
  const present = new Map<LevelTotal, Present>(
    totals.map((total) => [
      total,
      { size: 0, gauges: new Float64Array(GAUGES.length).fill(Number.NaN) },
    ]),
  );
  // A copy: nodes come and go in between.
  const subjects = [...cluster.recent(now)];
  for (const subject of subjects) {
    if (slice.isOver()) await slice.next();
    const memberships = subject.isRunning ? cluster.counters.membershipsOf(subject) : undefined;
    if (memberships === undefined) continue;
    const newest = newestGauges(subject);
    const isMachine = subject.container.id === ROOT;
    for (const total of memberships.summed) {
      const own = present.get(total);
      if (own === undefined) continue;
      if (!isMachine) own.size++;
      for (let index = 0; index < newest.length; index++) {
        addTo(own.gauges, index, newest[index] ?? Number.NaN);
      }
    }
    for (const total of memberships.counted) {
      const own = present.get(total);
      if (own !== undefined) own.size++;
    }
  }
  return present;
}

function newestGauges({ ring }: RecentSubject): number[] {
  return GAUGES.map((column) => ring.valueAt(ring.length - 1, column));
}

function capacitiesOf(cluster: Cluster, now: number): Map<string, Machine> {
  const capacities = new Map<string, Machine>();
  const all = { cpu_cores: 0, memory_bytes: 0 };
  for (const { node, machine } of cluster.nodes(now)) {
    capacities.set(`node ${node}`, machine);
    all.cpu_cores += machine.cpu_cores;
    all.memory_bytes += machine.memory_bytes;
  }
  return capacities.set("cluster ", all);
}
