import { Slice } from "../../lib/slice.ts";
import type { Container } from "../../wire/container.ts";
import {
  encodeHead,
  encodeLabels,
  encodeValue,
  escapeLabelValue,
  type ExpositionFormat,
  type FamilyHead,
  sanitizeLabelName,
} from "../../wire/exposition/encode.ts";
import { allMetrics, columnOf } from "../../wire/metrics/all.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import { type SpecMetric, specMetrics } from "../../wire/metrics/spec.ts";
import type { Collector } from "../collectors/collector.ts";
import type { Tracked } from "../window/tracked.ts";

/** One family: what it is, and the lines of a cgroup; each line ends itself. */
export interface ContainerFamily extends FamilyHead {
  lines(tracked: Tracked): string;
}

const labelTexts = new WeakMap<Container, string>();

/** `id`, `image` and `name` as they stand on every series; made once for each state of a container. */
function labelText(container: Container): string {
  let text = labelTexts.get(container);
  if (text !== undefined) return text;
  const { id, image, name, runtime } = container;
  text = `id="${escapeLabelValue(id)}"`;
  if (image !== undefined) text += `,image="${escapeLabelValue(image)}"`;
  // A plain cgroup has no name of its own.
  if (runtime !== undefined) text += `,name="${escapeLabelValue(name)}"`;
  labelTexts.set(container, text);
  return text;
}

function line(family: string, tracked: Tracked, extra: string, value: number): string {
  if (Number.isNaN(value)) return "";
  return `${family}{${labelText(tracked.container)}${extra}} ${encodeValue(value)}\n`;
}

/** The series of a metric that has one for each container. */
function plainLines(metric: Metric, family: string): ContainerFamily["lines"] {
  const column = columnOf(metric);
  const labels = metric.family?.labels;
  const extra = labels === undefined ? "" : `,${encodeLabels(labels)}`;
  return (tracked) =>
    line(
      family,
      tracked,
      extra,
      tracked.ring.valueAt(tracked.ring.length - 1, column) / metric.scale,
    );
}

const places = new Map<Collector, ReadonlyMap<Metric, number>>();

function placeOf(metric: Metric, collector: Collector): number | undefined {
  let ofCollector = places.get(collector);
  if (ofCollector === undefined) {
    ofCollector = new Map(collector.labelled?.map((labelled, index) => [labelled, index]));
    places.set(collector, ofCollector);
  }
  return ofCollector.get(metric);
}

/** The series of a metric that has one for each device or interface. */
function labelledLines(metric: Metric, label: string, family: string): ContainerFamily["lines"] {
  return (tracked) => {
    let lines = "";
    for (const [collector, values] of tracked.labelled()) {
      const place = placeOf(metric, collector);
      if (place === undefined) continue;
      for (const [name, row] of values) {
        const extra = `,${label}="${escapeLabelValue(name)}"`;
        lines += line(family, tracked, extra, (row[place] ?? Number.NaN) / metric.scale);
      }
    }
    return lines;
  };
}

function familyOf(name: string, metrics: readonly Metric[]): ContainerFamily {
  const lines = metrics.map((metric) =>
    metric.per === undefined ? plainLines(metric, name) : labelledLines(metric, metric.per, name),
  );
  return {
    name,
    type: metrics[0]?.type ?? "gauge",
    help: metrics[0]?.family?.help ?? "",
    lines: (tracked) => lines.map((linesOf) => linesOf(tracked)).join(""),
  };
}

/** The families of all metrics; some metrics share one. */
function sampledFamilies(): ContainerFamily[] {
  const byName = new Map<string, Metric[]>();
  for (const metric of allMetrics) {
    if (metric.family === undefined) continue;
    const { name } = metric.family;
    byName.set(name, [...(byName.get(name) ?? []), metric]);
  }
  return [...byName].map(([name, metrics]) => familyOf(name, metrics));
}

function specFamily(
  { name, help, of, unlimited }: SpecMetric,
  memoryBytes: number,
): ContainerFamily {
  return {
    name,
    help,
    type: "gauge",
    lines(tracked) {
      // The machine itself is limited by what is built in.
      const isMachine = tracked.cgroup.id === "/" && of === "memoryLimit";
      const value = isMachine ? memoryBytes : tracked.spec[of];
      return line(name, tracked, "", Number.isFinite(value) ? value : (unlimited ?? Number.NaN));
    },
  };
}

const lastSeen: ContainerFamily = {
  name: "container_last_seen",
  type: "gauge",
  help: "Unix time of the last sample.",
  lines(tracked) {
    const time = tracked.ring.timeAt(tracked.ring.length - 1);
    return line(this.name, tracked, "", Math.floor(time / 1000));
  },
};

const startTime: ContainerFamily = {
  name: "container_start_time_seconds",
  type: "gauge",
  help: "Unix time at which the container was started.",
  lines(tracked) {
    return line(this.name, tracked, "", Date.parse(tracked.container.started_at ?? "") / 1000);
  },
};

/** All labels once, so that no other series has to carry them. */
const info: ContainerFamily = {
  name: "container_info",
  type: "gauge",
  help: "Labels of the container, as container_label_*; always 1.",
  lines(tracked) {
    const { runtime, labels } = tracked.container;
    if (runtime === undefined) return "";
    const extra: Record<string, string> = { runtime };
    // Of two keys that become one name the first in the alphabet wins, always.
    for (const key of Object.keys(labels).toSorted()) {
      extra[`container_label_${sanitizeLabelName(key)}`] ??= labels[key] ?? "";
    }
    return line(this.name, tracked, `,${encodeLabels(extra)}`, 1);
  },
};

/** Every container family, in the order of their names. */
export function containerFamilies(memoryBytes: number): readonly ContainerFamily[] {
  const specs = specMetrics.map((metric) => specFamily(metric, memoryBytes));
  return [...sampledFamilies(), ...specs, lastSeen, startTime, info].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

/** Writes the families of all cgroups, a few milliseconds at a time. A family without series is left out. */
export async function encodeContainerFamilies(
  families: readonly ContainerFamily[],
  tracked: readonly Tracked[],
  format: ExpositionFormat,
): Promise<string[]> {
  const slice = new Slice();
  const parts: string[] = [];
  for (const family of families) {
    let lines = "";
    for (const one of tracked) lines += family.lines(one);
    if (lines !== "") parts.push(encodeHead(family, format), lines);
    if (slice.isOver()) await slice.next();
  }
  return parts;
}
