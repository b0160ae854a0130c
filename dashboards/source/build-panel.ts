import { PanelBuilder as BarsBuilder } from "@grafana/grafana-foundation-sdk/bargauge";
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BarGaugeDisplayMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardLinkBuilder,
  type DashboardLink,
  type Panel as GrafanaPanel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as GraphBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

import { dataquery } from "./build-query.ts";
import { chosenStore } from "./build-variables.ts";
import type { Panel, Query, Steps, Store } from "./dashboard.ts";

/** Height of what is read at a glance, and of all else. */
const LOW = 4;
const HIGH = 8;

/** What all kinds of panels of the SDK have in common, as far as it is used here. */
interface AnyBuilder extends Builder<GrafanaPanel> {
  id(id: number): this;
  title(title: string): this;
  description(text: string): this;
  datasource(ref: ReturnType<typeof chosenStore>): this;
  span(width: number): this;
  height(height: number): this;
  unit(unit: string): this;
  max(max: number): this;
  min(min: number): this;
  noValue(text: string): this;
  thresholds(thresholds: ThresholdsConfigBuilder): this;
  targets(targets: Builder<Dataquery>[]): this;
  dataLinks(links: Builder<DashboardLink>[]): this;
  interval(interval: string): this;
}

function lastOnly(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false).fields("");
}

function graph(panel: Panel): GraphBuilder {
  const legend = new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(["mean", "max", "lastNotNull"]);
  const tooltip = new VizTooltipOptionsBuilder()
    .mode(TooltipDisplayMode.Multi)
    // oxlint-disable-next-line unicorn/no-array-sort -- no array
    .sort(SortOrder.Descending);
  const builder = new GraphBuilder().legend(legend).tooltip(tooltip);
  if (panel.kind === "graph") {
    return builder.lineWidth(1).fillOpacity(10).showPoints(VisibilityMode.Never);
  }
  const stacking = new StackingConfigBuilder().mode(StackingMode.Normal).group("A");
  // Each step counts its own minute or more, so none counts twice and none is left out.
  return builder.drawStyle(GraphDrawStyle.Bars).fillOpacity(80).stacking(stacking).interval("1m");
}

function stat(): StatBuilder {
  return new StatBuilder().reduceOptions(lastOnly()).graphMode(BigValueGraphMode.None);
}

function bars(): BarsBuilder {
  return new BarsBuilder()
    .reduceOptions(lastOnly())
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic);
}

function table(panel: Panel, queries: readonly Query[]): TableBuilder {
  const keys = panel.keys ?? {};
  const values = queries.flatMap(({ legend }, index) => {
    const refId = refIdOf(index);
    // Grafana calls the value of an only query by another name.
    return [[`Value #${refId}`, legend], ...(queries.length === 1 ? [["Value", legend]] : [])];
  });
  const order = [...Object.keys(keys), ...values.map(([name]) => name ?? "")];
  const builder = new TableBuilder()
    .filterable(true)
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(order.map((name, index) => [name, index])),
        renameByName: { ...keys, ...Object.fromEntries(values) },
      },
    })
    .sortBy([new TableSortByFieldStateBuilder().displayName(queries[0]?.legend ?? "").desc(true)]);
  for (const { legend, unit } of queries) {
    if (unit !== undefined) builder.overrideByName(legend, [{ id: "unit", value: unit }]);
  }
  return builder;
}

function refIdOf(index: number): string {
  return String.fromCodePoint(65 + index);
}

function thresholds(steps: Steps): ThresholdsConfigBuilder {
  const [, ...rest] = [[0, "green"] as const, ...steps];
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: "green" }, ...rest.map(([value, color]) => ({ value, color }))]);
}

function linkTo(
  opens: NonNullable<Panel["opens"]>,
  panel: Panel,
  store: Store,
): DashboardLinkBuilder {
  // In a table a row has its labels as fields, elsewhere a series has them.
  const value = (label: string): string =>
    panel.kind === "table"
      ? `\${__data.fields["${panel.keys?.[label] ?? label}"]}`
      : `\${__field.labels.${label}}`;
  const chosen = Object.entries(opens.with).map(([name, label]) => `var-${name}=${value(label)}`);
  const parts = ["${datasource:queryparam}", "${__url_time_range}", ...chosen];
  const url = `/d/${uidOf(opens.dashboard, store)}?${parts.join("&")}`;
  return new DashboardLinkBuilder(`Open ${opens.dashboard}`).url(url);
}

/** The uid of a dashboard; it never changes, so links and bookmarks stay. */
export function uidOf(name: string, store: Store): string {
  return store === "prometheus" ? `plimsoll-${name}` : `plimsoll-${store}-${name}`;
}

function ofKind(panel: Panel, queries: readonly Query[]): AnyBuilder {
  switch (panel.kind) {
    case "graph":
    case "counts":
      return graph(panel);
    case "stat":
      return stat();
    case "bars":
      return bars();
    case "table":
      return table(panel, queries);
  }
}

/** A panel as Grafana has it, or undefined if this store has nothing for it. */
export function buildPanel(panel: Panel, id: number, store: Store): AnyBuilder | undefined {
  const queries = panel.queries.filter((query) => query[store] !== undefined);
  if (queries.length === 0) return undefined;
  const builder = ofKind(panel, queries)
    .id(id)
    .title(panel.title)
    .description(panel.description)
    .datasource(chosenStore(store))
    .span(panel.width)
    .height(panel.kind === "stat" ? LOW : HIGH)
    .unit(panel.unit)
    .min(0)
    .noValue(panel.noValue ?? "No data")
    .thresholds(thresholds(panel.steps ?? []))
    .targets(queries.map((query, index) => dataquery(query, panel.kind, refIdOf(index), store)));
  if (panel.max !== undefined) builder.max(panel.max);
  if (panel.opens !== undefined) builder.dataLinks([linkTo(panel.opens, panel, store)]);
  return builder;
}
