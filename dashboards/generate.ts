/** Writes the dashboards as Grafana takes them; `npm run dashboards`. */
import { mkdirSync, writeFileSync } from "node:fs";

import { dashboardFiles } from "./files.ts";

for (const [name, text] of Object.entries(dashboardFiles())) {
  const file = new URL(`../../dashboards/grafana/${name}`, import.meta.url);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, text);
}
