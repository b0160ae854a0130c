import { diagnostics } from "./diagnostics.ts";
import { events } from "./events.ts";
import { feed } from "./feed.ts";
import { metrics } from "./metrics.ts";
import { rest } from "./rest/rest.ts";
import type { Route } from "./route.ts";
import { stats } from "./stats.ts";
import { validate } from "./validate.ts";

/** Every route of the agent. A new one is a new line here. */
export const allRoutes: readonly Route[] = [
  metrics,
  stats,
  feed,
  events,
  rest,
  validate,
  diagnostics,
];
