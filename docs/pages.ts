import { cadvisorFlagsPage } from "./cadvisor-flags-page.ts";
import { metricsPage } from "./metrics-page.ts";

/** The pages that are made from tables in the source, by file name. */
export function generatedPages(): Readonly<Record<string, string>> {
  return { "cadvisor-flags.md": cadvisorFlagsPage(), "metrics.md": metricsPage() };
}
