import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  DataqueryBuilder,
  PromQueryFormat,
  QueryEditorMode,
} from "@grafana/grafana-foundation-sdk/prometheus";

import { chosenStore } from "./build-variables.ts";
import type { Panel, Query, Store } from "./dashboard.ts";

/** A query of InfluxQL as Grafana's own data source takes it; the SDK has no builder for it. */
interface InfluxQuery extends Dataquery {
  readonly datasource: ReturnType<typeof chosenStore>;
  readonly refId: string;
  readonly rawQuery: true;
  readonly query: string;
  readonly resultFormat: "time_series" | "table";
  readonly alias: string;
}

/** A panel's query as the data source of that store takes it. */
export function dataquery(
  query: Query,
  kind: Panel["kind"],
  refId: string,
  store: Store,
): Builder<Dataquery> {
  return store === "prometheus"
    ? promQuery(query, kind, refId)
    : { build: () => influxQuery(query, kind, refId) };
}

function promQuery(query: Query, kind: Panel["kind"], refId: string): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .datasource(chosenStore("prometheus"))
    .editorMode(QueryEditorMode.Code)
    .expr(query.prometheus ?? "")
    .refId(refId)
    .legendFormat(query.legend);
  switch (kind) {
    case "graph":
    case "counts":
      return builder.range();
    case "stat":
    case "bars":
      return builder.instant();
    case "table":
      return builder.instant().format(PromQueryFormat.Table);
  }
}

function influxQuery(query: Query, kind: Panel["kind"], refId: string): InfluxQuery {
  return {
    datasource: chosenStore("influxdb"),
    refId,
    rawQuery: true,
    query: query.influxdb ?? "",
    resultFormat: kind === "table" ? "table" : "time_series",
    alias: query.alias ?? query.legend,
    // Marks the type for the SDK's compiler; JSON leaves functions out.
    _implementsDataqueryVariant() {},
  };
}
