import { allDashboards } from "./source/all.ts";
import { buildDashboard } from "./source/build.ts";
import type { Store } from "./source/dashboard.ts";

const stores: readonly Store[] = ["prometheus", "influxdb"];

/** Every dashboard as JSON, by its path in the folder `dashboards/grafana`. */
export function dashboardFiles(): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const store of stores) {
    for (const dashboard of allDashboards) {
      const built = buildDashboard(dashboard, store);
      if (built === undefined) continue;
      files[`${store}/${dashboard.name}.json`] = `${JSON.stringify(built, null, 2)}\n`;
    }
  }
  return files;
}
