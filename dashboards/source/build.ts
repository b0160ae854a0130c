import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Dashboard as GrafanaDashboard,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";

import { buildPanel, uidOf } from "./build-panel.ts";
import { annotations, variables } from "./build-variables.ts";
import type { Dashboard, Store } from "./dashboard.ts";

/** A dashboard for one store as Grafana takes it, or undefined if that store has nothing for it. */
export function buildDashboard(dashboard: Dashboard, store: Store): GrafanaDashboard | undefined {
  let id = 0;
  const builder = frame(dashboard, store);
  for (const row of dashboard.rows) {
    const panels = row.panels.flatMap((panel) => buildPanel(panel, (id += 1), store) ?? []);
    if (panels.length === 0) continue;
    builder.withRow(new RowBuilder(row.title).id((id += 1)));
    for (const panel of panels) builder.withPanel(panel);
  }
  const built = builder.build();
  return built.panels === undefined ? undefined : built;
}

function frame(dashboard: Dashboard, store: Store): DashboardBuilder {
  return new DashboardBuilder(`Plimsoll / ${dashboard.title}`)
    .uid(uidOf(dashboard.name, store))
    .description(dashboard.description)
    .tags(["plimsoll", store])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .variables(variables(dashboard.choices, store))
    .annotations(annotations(dashboard.marks, store))
    .link(
      new DashboardLinkBuilder("Plimsoll")
        .type(DashboardLinkType.Dashboards)
        .tags(["plimsoll", store])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    );
}
