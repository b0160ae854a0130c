import type { FastifyReply } from "fastify";

import { answer, object, text } from "../../wire/json-schema.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import { encodeStats } from "../../wire/stats/encode.ts";
import { checkSpans, QueryError } from "../../wire/stats/query.ts";
import { ErrorSchema, statsForms } from "../../wire/stats/schema.ts";
import type { History } from "../history/history.ts";
import { liveStats } from "./live.ts";
import { pastStats } from "./past.ts";
import type { ClusterView, Route } from "./route.ts";
import {
  type ClusterQuery,
  clusterQuerySchema,
  parseClusterQuery,
  type RawClusterQuery,
} from "./stats-query.ts";

/** What the agents keep, and so the live window. */
const WINDOW_SECONDS = 60;
const SHORTEST_INTERVAL_MS = 1000;

const response = {
  200: answer("The containers, in the format asked for.", statsForms),
  "4xx": ErrorSchema,
};

function historyOf({ history }: ClusterView): History {
  if (history !== undefined) return history;
  throw new QueryError("start", "no history is kept here; set history.kind to keep one");
}

async function find(
  view: ClusterView,
  asked: ClusterQuery,
  word?: string,
): Promise<ContainerStats[]> {
  const { query, node, range } = asked;
  if (range === undefined) {
    checkSpans(query, { kept: WINDOW_SECONDS * 1000, interval: SHORTEST_INTERVAL_MS });
    return liveStats(view, query, node, word);
  }
  const past = { query, range, node, ...(word === undefined ? {} : { word }) };
  return pastStats(historyOf(view), past);
}

function send(
  view: ClusterView,
  { query, range }: ClusterQuery,
  containers: readonly ContainerStats[],
  reply: FastifyReply,
): FastifyReply {
  const now = view.clock.now();
  const intervals = [...view.cluster.nodes(now)].map(({ intervalSeconds }) => intervalSeconds);
  const head = {
    node: view.clusterName,
    time: new Date(now).toISOString(),
    interval_seconds: intervals.length === 0 ? 1 : Math.min(...intervals),
    window_seconds: range === undefined ? WINDOW_SECONDS : (range.end - range.start) / 1000,
  };
  const { contentType, body } = encodeStats(head, containers, query);
  return reply.type(contentType).send(body);
}

/** `GET /stats`: every container of every node, now or in the past. */
export const stats: Route = (app, view) => {
  const schema = {
    summary: "All containers of all nodes, now, or with start and end in the past.",
    tags: ["stats"],
    querystring: clusterQuerySchema,
    response,
  };
  app.get<{ Querystring: RawClusterQuery }>("/stats", { schema }, async (request, reply) => {
    const asked = parseClusterQuery(request.query, view.clock.now());
    return send(view, asked, await find(view, asked), reply);
  });
};

/** `GET /stats/{container}`: one container with its series; several nodes may have one of a name. */
export const containerStats: Route = (app, view) => {
  const schema = {
    summary: "One container, by name, id, unique id prefix or cgroup path, with its series.",
    tags: ["stats"],
    params: object({ "*": text("The container.", { title: "container" }) }),
    querystring: clusterQuerySchema,
    response,
  };
  app.get<{ Querystring: RawClusterQuery; Params: { "*": string } }>(
    "/stats/*",
    { schema },
    async (request, reply) => {
      const now = view.clock.now();
      let asked = parseClusterQuery(request.query, now);
      // Of now, each second; of the past, as many points as a chart can show.
      if (asked.range === undefined) {
        asked = parseClusterQuery({ step: "1s", ...request.query }, now);
      }
      const word = request.params["*"];
      const containers = await find(view, asked, word);
      if (containers.length > 0) return send(view, asked, containers, reply);
      return reply.code(404).send({
        statusCode: 404,
        error: "Not Found",
        message: missing(view, asked, word),
      });
    },
  );
};

function missing({ history }: ClusterView, { range }: ClusterQuery, word: string): string {
  const fits = `has the name, id or cgroup path "${word}"`;
  if (range !== undefined) return `no container of that time ${fits}`;
  const hint = history === undefined ? "" : "; with start the past is searched";
  return `no container that runs now ${fits}${hint}`;
}
