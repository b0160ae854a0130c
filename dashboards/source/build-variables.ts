import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import {
  AnnotationQueryBuilder,
  type AnnotationQuery,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";

import type { Choice, Marks, Store } from "./dashboard.ts";

/** The store that was chosen at the top of the dashboard. */
export function chosenStore(store: Store): DataSourceRef {
  return { type: store, uid: "${datasource}" };
}

/** What can be chosen at the top: the store first, then what the store knows. */
export function variables(choices: readonly Choice[], store: Store): Builder<VariableModel>[] {
  const source = new DatasourceVariableBuilder("datasource").label("Data source").type(store);
  return [source, ...choices.flatMap((choice) => variable(choice, store))];
}

function variable(choice: Choice, store: Store): Builder<VariableModel>[] {
  const query = choice[store];
  if (query === undefined) return [];
  const builder = new QueryVariableBuilder(choice.name)
    .label(choice.label)
    .datasource(chosenStore(store))
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    // oxlint-disable-next-line unicorn/no-array-sort -- no array
    .sort(VariableSort.NaturalAsc)
    // Values of a variable that takes several are escaped for the regular expressions they stand in.
    .multi(true);
  if (!choice.all) return [builder];
  // Thousands of names would not fit into a request.
  const all = builder.includeAll(true).allValue(".*");
  return [all.current({ selected: true, text: ["All"], value: ["$__all"] })];
}

/** Marks of events in every graph; only Prometheus keeps them as series. */
export function annotations(marks: readonly Marks[], store: Store): Builder<AnnotationQuery>[] {
  if (store !== "prometheus") return [];
  return marks.map(({ name, color, prometheus }) =>
    new AnnotationQueryBuilder()
      .name(name)
      .datasource(chosenStore(store))
      .enable(true)
      .iconColor(color)
      .expr(prometheus)
      .step("1m")
      .titleFormat("{{type}}")
      .textFormat("{{name}} on {{instance}}")
      .tagKeys("type,name"),
  );
}
