import type { ClusterView } from "../../../aggregator/api/route.ts";
import { Journal } from "../../../lib/journal/journal.ts";

/** A cluster in which nothing has happened. */
export const noEvents: ClusterView["events"] = {
  log: new Journal({ startedAt: 0 }),
  nodes: () => new Map(),
};
