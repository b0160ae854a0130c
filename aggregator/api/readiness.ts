import type { Readiness } from "../../lib/http/health.ts";
import type { ClusterView } from "./route.ts";

/** Whether the aggregator can do its work: not while what it hears can't be kept. */
export function readiness({ history }: Pick<ClusterView, "history">): Readiness {
  const trouble = history?.state().trouble;
  return trouble === undefined ? true : `cannot write the history: ${trouble}`;
}
