import { addJournalRoute } from "../../lib/http/journal-route.ts";
import { observedGauge } from "../../lib/observed-metrics.ts";
import { checkId, parseEventQuery } from "../../wire/events/query.ts";
import { eventsRouteSchema } from "../../wire/events/schema.ts";
import type { Route } from "./route.ts";

const schema = eventsRouteSchema(
  "What has happened to containers, to their memory, and to the agent; or, followed, what happens.",
);

/** `GET /events`: what has happened; or, to those who follow, what happens. */
export const events: Route = (app, { eventLog, node, registry }) => {
  const followers = addJournalRoute(app, {
    path: "/events",
    schema,
    journal: eventLog,
    parse: parseEventQuery,
    checkId,
    head: { node },
  });
  observedGauge(registry, {
    name: "plimsoll_agent_events_subscribers",
    help: "Readers who follow the stream of events.",
    read: (tell) => tell(followers.size),
  });
};
