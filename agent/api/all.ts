import { feed } from "./feed.ts";
import { metrics } from "./metrics.ts";
import type { Route } from "./route.ts";
import { stats } from "./stats.ts";

/** Every route of the agent. A new one is a new line here. */
export const allRoutes: readonly Route[] = [metrics, stats, feed];
