import type { FastifyReply } from "fastify";

import { answer, object, text } from "../../wire/json-schema.ts";
import type { Level } from "../../wire/levels.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import { encodeStats, type StatsHead } from "../../wire/stats/encode.ts";
import { encodeLevels } from "../../wire/stats/level-row.ts";
import { withLevels } from "../../wire/stats/level-schema.ts";
import { checkSpans, QueryError } from "../../wire/stats/query.ts";
import { ErrorSchema, statsForms } from "../../wire/stats/schema.ts";
import type { History } from "../history/history.ts";
import { liveLevels } from "./levels-live.ts";
import { pastLevels } from "./levels-past.ts";
import { type Levels, levelQuery } from "./levels.ts";
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

async function findLevels(
  view: ClusterView,
  level: Level,
  { query, node, range }: ClusterQuery,
): Promise<Levels> {
  const asked = levelQuery(level, query, node);
  if (range !== undefined) return pastLevels(view, historyOf(view), asked, range);
  checkSpans(query, { kept: WINDOW_SECONDS * 1000, interval: SHORTEST_INTERVAL_MS });
  return liveLevels(view, asked);
}

function headOf(view: ClusterView, windowSeconds: number): StatsHead {
  const now = view.clock.now();
  const intervals = [...view.cluster.nodes(now)].map(({ intervalSeconds }) => intervalSeconds);
  return {
    node: view.clusterName,
    time: new Date(now).toISOString(),
    interval_seconds: intervals.length === 0 ? 1 : Math.min(...intervals),
    window_seconds: windowSeconds,
  };
}

async function sendLevels(
  view: ClusterView,
  level: Level,
  asked: ClusterQuery,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { rows, windowSeconds, resolutionSeconds } = await findLevels(view, level, asked);
  const head = { ...headOf(view, windowSeconds), level, resolution_seconds: resolutionSeconds };
  const { contentType, body } = encodeLevels(head, rows, asked.query);
  return reply.type(contentType).send(body);
}

function send(
  view: ClusterView,
  { query, range }: ClusterQuery,
  containers: readonly ContainerStats[],
  reply: FastifyReply,
): FastifyReply {
  const seconds = range === undefined ? WINDOW_SECONDS : (range.end - range.start) / 1000;
  const resolution = range === undefined ? undefined : historyOf(view).resolution(range.start);
  const head = {
    ...headOf(view, seconds),
    ...(resolution === undefined ? {} : { resolution_seconds: resolution / 1000 }),
  };
  const { contentType, body } = encodeStats(head, containers, query);
  return reply.type(contentType).send(body);
}

/** `GET /stats`: every container of every node, now or in the past. */
export const stats: Route = (app, view) => {
  const schema = {
    summary:
      "All containers of all nodes, each or added up by level; now, or with start and end in the past.",
    tags: ["stats"],
    querystring: clusterQuerySchema,
    response: {
      ...response,
      200: answer("The containers or the rows, in the format asked for.", withLevels(statsForms)),
    },
  };
  app.get<{ Querystring: RawClusterQuery }>("/stats", { schema }, async (request, reply) => {
    const asked = parseClusterQuery(request.query, view.clock.now());
    if (asked.level !== undefined) return sendLevels(view, asked.level, asked, reply);
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
      if (asked.level !== undefined) {
        throw new QueryError("level", "goes without a container's name; ask /stats");
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
