import { addJournalRoute } from "../../lib/http/journal-route.ts";
import { checkId, parseEventQuery } from "../../wire/events/query.ts";
import { eventsRouteSchema } from "../../wire/events/schema.ts";
import type { Route } from "./route.ts";

const schema = eventsRouteSchema(
  "What has happened on all nodes, to nodes and to services; or, followed, what happens.",
);

/** `GET /events`: what has happened in the cluster; or, to those who follow, what happens. */
export const events: Route = (app, { events: { log }, clusterName }) => {
  addJournalRoute(app, {
    path: "/events",
    schema,
    journal: log,
    parse: parseEventQuery,
    checkId,
    head: { cluster: clusterName },
  });
};
