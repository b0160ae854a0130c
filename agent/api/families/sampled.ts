import { encodeLabels } from "../../../wire/exposition/encode.ts";
import { allMetrics, columnOf, newestMetrics } from "../../../wire/metrics/all.ts";
import type { Metric, Series } from "../../../wire/metrics/metric.ts";
import type { Collector } from "../../collectors/collector.ts";
import type { Tracked } from "../../window/tracked.ts";
import type { ContainerFamily, Emit } from "./family.ts";

/** Emits the series of a metric or of some series; says whether there were any. */
type Source = (tracked: Tracked, emit: Emit) => boolean;

/** A metric has one series for each container. */
function metricSource(metric: Metric): Source {
  const column = columnOf(metric);
  const labels = encodeLabels(metric.family?.labels ?? {});
  return (tracked, emit) => {
    const value = tracked.newestValue(column) / metric.scale;
    emit(labels, value);
    return !Number.isNaN(value);
  };
}

/** Series come from one collector, several for each container. */
function seriesSource(collector: Collector, series: Series, place: number): Source {
  const fixed = Object.entries(series.family.labels ?? {}).length > 0;
  const labels = fixed ? `,${encodeLabels(series.family.labels ?? {})}` : "";
  return (tracked, emit) => {
    let any = false;
    for (const [key, values] of tracked.seriesOf(collector) ?? []) {
      const value = (values[place] ?? Number.NaN) / series.scale;
      if (Number.isNaN(value)) continue;
      any = true;
      emit(key + labels, value);
    }
    return any;
  };
}

interface Parts {
  readonly head: Metric | Series;
  readonly whole: Source[];
  readonly inParts: Source[];
}

function familyOf(name: string, { head, whole, inParts }: Parts): ContainerFamily {
  return {
    name,
    type: head.type,
    help: head.family?.help ?? "",
    isSampled: true,
    write(tracked, emit) {
      let any = false;
      for (const source of inParts) any = source(tracked, emit) || any;
      // Where the parts are known the whole would count them a second time.
      if (!any) for (const source of whole) source(tracked, emit);
    },
  };
}

/** The families of all that these collectors measure, some metrics sharing one. */
export function sampledFamilies(collectors: readonly Collector[]): ContainerFamily[] {
  const byName = new Map<string, Parts>();
  const partsOf = (head: Metric | Series, name: string): Parts => {
    let parts = byName.get(name);
    if (parts === undefined) byName.set(name, (parts = { head, whole: [], inParts: [] }));
    return parts;
  };
  const measured = new Set(collectors.flatMap(({ metrics }) => metrics));
  for (const metric of [...allMetrics, ...newestMetrics]) {
    if (metric.family === undefined || !measured.has(metric)) continue;
    partsOf(metric, metric.family.name).whole.push(metricSource(metric));
  }
  for (const collector of collectors) {
    for (const [place, series] of (collector.series ?? []).entries()) {
      partsOf(series, series.family.name).inParts.push(seriesSource(collector, series, place));
    }
  }
  return [...byName].map(([name, parts]) => familyOf(name, parts));
}
