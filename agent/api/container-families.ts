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
import type { Page } from "../../wire/exposition/page.ts";
import { allMetrics, columnOf } from "../../wire/metrics/all.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import { type SpecMetric, specMetrics } from "../../wire/metrics/spec.ts";
import type { Collector } from "../collectors/collector.ts";
import type { Tracked } from "../window/tracked.ts";

/** One family: what it is, and how the series of a cgroup are written. */
export interface ContainerFamily extends FamilyHead {
  write(tracked: Tracked, page: Page): void;
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

function writeSeries(
  page: Page,
  family: string,
  tracked: Tracked,
  extra: string,
  value: number,
): void {
  if (Number.isNaN(value)) return;
  page.write(`${family}{${labelText(tracked.container)}${extra}} ${encodeValue(value)}\n`);
}

/** Writes the series of a metric that has one for each container. */
function plainSeries(metric: Metric, family: string): ContainerFamily["write"] {
  const column = columnOf(metric);
  const labels = metric.family?.labels;
  const extra = labels === undefined ? "" : `,${encodeLabels(labels)}`;
  return (tracked, page) => {
    const { ring } = tracked;
    const value = ring.valueAt(ring.length - 1, column) / metric.scale;
    writeSeries(page, family, tracked, extra, value);
  };
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

/** Writes the series of a metric that has one for each device or interface. */
function labelledSeries(metric: Metric, label: string, family: string): ContainerFamily["write"] {
  return (tracked, page) => {
    for (const [collector, values] of tracked.labelled()) {
      const place = placeOf(metric, collector);
      if (place === undefined) continue;
      for (const [name, row] of values) {
        const extra = `,${label}="${escapeLabelValue(name)}"`;
        writeSeries(page, family, tracked, extra, (row[place] ?? Number.NaN) / metric.scale);
      }
    }
  };
}

function familyOf(name: string, metrics: readonly Metric[]): ContainerFamily {
  const writers = metrics.map((metric) =>
    metric.per === undefined ? plainSeries(metric, name) : labelledSeries(metric, metric.per, name),
  );
  return {
    name,
    type: metrics[0]?.type ?? "gauge",
    help: metrics[0]?.family?.help ?? "",
    write(tracked, page) {
      for (const write of writers) write(tracked, page);
    },
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
    write(tracked, page) {
      // The machine itself is limited by what is built in.
      const isMachine = tracked.cgroup.id === "/" && of === "memoryLimit";
      const value = isMachine ? memoryBytes : tracked.spec[of];
      const hasNone = value === Number.POSITIVE_INFINITY;
      const shown = hasNone ? (unlimited ?? Number.NaN) : value;
      writeSeries(page, name, tracked, "", shown);
    },
  };
}

const lastSeen: ContainerFamily = {
  name: "container_last_seen",
  type: "gauge",
  help: "Unix time of the last sample.",
  write(tracked, page) {
    const time = tracked.ring.timeAt(tracked.ring.length - 1);
    writeSeries(page, this.name, tracked, "", Math.floor(time / 1000));
  },
};

const startTime: ContainerFamily = {
  name: "container_start_time_seconds",
  type: "gauge",
  help: "Unix time at which the container was started.",
  write(tracked, page) {
    writeSeries(
      page,
      this.name,
      tracked,
      "",
      Date.parse(tracked.container.started_at ?? "") / 1000,
    );
  },
};

/** All labels once, so that no other series has to carry them. */
const info: ContainerFamily = {
  name: "container_info",
  type: "gauge",
  help: "Labels of the container, as container_label_*; always 1.",
  write(tracked, page) {
    const { runtime, labels } = tracked.container;
    if (runtime === undefined) return;
    const extra: Record<string, string> = { runtime };
    // Of two keys that become one name the first in the alphabet wins, always.
    for (const key of Object.keys(labels).toSorted()) {
      extra[`container_label_${sanitizeLabelName(key)}`] ??= labels[key] ?? "";
    }
    writeSeries(page, this.name, tracked, `,${encodeLabels(extra)}`, 1);
  },
};

/** Every container family, in the order of their names. */
export function containerFamilies(memoryBytes: number): readonly ContainerFamily[] {
  const specs = specMetrics.map((metric) => specFamily(metric, memoryBytes));
  return [...sampledFamilies(), ...specs, lastSeen, startTime, info].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

/** Writes the families of all cgroups, a few milliseconds at a time. One without series is left out. */
export async function writeContainerFamilies(
  page: Page,
  families: readonly ContainerFamily[],
  tracked: readonly Tracked[],
  format: ExpositionFormat,
): Promise<void> {
  const slice = new Slice();
  for (const family of families) {
    const before = page.length;
    page.write(encodeHead(family, format));
    const headed = page.length;
    for (const one of tracked) family.write(one, page);
    if (page.length === headed) page.cut(before);
    if (slice.isOver()) await slice.next();
  }
}
