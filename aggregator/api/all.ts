import { events } from "./events.ts";
import { federate } from "./federate.ts";
import { kubernetes } from "./kubernetes/routes.ts";
import { metrics } from "./metrics.ts";
import { page } from "./page.ts";
import type { Route } from "./route.ts";
import { sdAgents } from "./sd-agents.ts";
import { serviceDiscovery } from "./service-discovery.ts";
import { containerStats, stats } from "./stats.ts";
import { targets } from "./targets.ts";

/** Every route of the aggregator. A new one is a new line here. */
export const allRoutes: readonly Route[] = [
  stats,
  containerStats,
  events,
  targets,
  serviceDiscovery,
  sdAgents,
  metrics,
  federate,
  kubernetes,
  page,
];
