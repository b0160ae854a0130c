import type { FastifyReply, FastifyRequest } from "fastify";

import { preferred } from "../../lib/http/accept.ts";
import { HttpError } from "../../lib/http/errors.ts";
import { object, query as querySchema, text } from "../../wire/json-schema.ts";
import { select, type Subject } from "../../wire/stats/answer.ts";
import { findSubjects } from "../../wire/stats/find.ts";
import {
  checkSpans,
  parseStatsQuery,
  QueryError,
  type RawStatsQuery,
  type StatsQuery,
} from "../../wire/stats/query.ts";
import { statsQueryProperties, statsResponses } from "../../wire/stats/schema.ts";
import { type Answer, sendKept } from "./kept-answers.ts";
import { LiveStats } from "./live-stats.ts";
import type { AgentView, Route } from "./route.ts";
import { writeStats } from "./stats-answer.ts";
import { isUnchanged } from "./unchanged.ts";

/** The path of a cgroup has at most PATH_MAX characters, some of them above the cgroups' root. */
const LONGEST_WORD = 4096;

interface RawAgentQuery extends RawStatsQuery {
  readonly stream?: "0" | "1";
}

interface Asked {
  Querystring: RawAgentQuery;
  Params: { "*"?: string };
}

const querystring = querySchema({
  ...statsQueryProperties,
  stream: {
    enum: ["0", "1"],
    description:
      "`1` follows: server-sent events instead of one answer, as `Accept: text/event-stream` does.",
  },
});

/** Whether the request is to be answered by a stream. */
function isToFollow({ query, headers }: FastifyRequest<Asked>): boolean {
  if (query.stream !== undefined) return query.stream === "1";
  return (
    preferred(headers.accept, ["application/json", "text/event-stream"]) === "text/event-stream"
  );
}

/** Understands the parameters; throws a QueryError that names the bad one. */
function parseQuery(view: AgentView, raw: RawStatsQuery): StatsQuery {
  const query = parseStatsQuery(raw);
  checkSpans(query, { kept: view.windowSeconds * 1000, interval: view.intervalSeconds * 1000 });
  return query;
}

/** The window is summed up each second only for those who ask for it. */
function parseLiveQuery(view: AgentView, raw: RawAgentQuery): StatsQuery {
  const { stream: _, ...asked } = raw;
  const query = parseQuery(view, asked);
  const isWindowAsked = raw.window !== undefined || raw.stat !== undefined;
  if (query.step !== undefined) throw new QueryError("step", "a stream has no series");
  if (query.format !== "json") throw new QueryError("format", "a stream is always json");
  return isWindowAsked ? query : { ...query, summaries: [] };
}

/** Two that ask the same, in whatever order, are told the same. */
function questionOf({ query, params }: FastifyRequest<Asked>): string {
  const parameters = Object.entries(query).filter(([name]) => name !== "stream");
  return JSON.stringify([params["*"], parameters.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The containers that a request is about. */
function choose({ window }: AgentView, query: StatsQuery, word: string | undefined): Subject[] {
  const subjects = window.subjects();
  return select(word === undefined ? subjects : findSubjects(subjects, word), query);
}

function refuseUnknown({ window }: AgentView, word: string): void {
  if (word.length > LONGEST_WORD) {
    throw new QueryError("container", `has more than ${LONGEST_WORD} characters`);
  }
  if (findSubjects(window.subjects(), word).length > 0) return;
  throw new HttpError(404, `no container here has the name, id or cgroup path "${word}"`);
}

/** A name that fits several later on stands for none. */
function chooseLater(view: AgentView, query: StatsQuery, word: string | undefined): Subject[] {
  try {
    return choose(view, query, word);
  } catch (error) {
    if (error instanceof QueryError) return [];
    throw error;
  }
}

function follow(
  live: LiveStats,
  view: AgentView,
  request: FastifyRequest<Asked>,
  reply: FastifyReply,
): FastifyReply {
  const query = parseLiveQuery(view, request.query);
  const word = request.params["*"];
  // Who asks only for the head of the answer does not wait for its end.
  if (request.method === "HEAD") return reply.type("text/event-stream").send();
  const followed = { query, choose: () => chooseLater(view, query, word) };
  live.follow(questionOf(request), () => followed, reply);
  return reply;
}

async function answer(
  view: AgentView,
  request: FastifyRequest<Asked>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { stream: _, ...raw } = request.query;
  const word = request.params["*"];
  // Of one container the series are always told.
  const step = word === undefined ? {} : { step: `${view.intervalSeconds}s` };
  const query = parseQuery(view, { ...step, ...raw });
  const question = `stats ${questionOf(request)}`;
  if (isUnchanged(view, request, reply, question)) return reply.code(304).send();
  const write = (): Promise<Answer> => writeStats(view, choose(view, query, word), query);
  return sendKept(view.answers, request, reply, write, question);
}

/**
 * `GET /stats` and `GET /stats/{container}`: who runs, what it uses, and what it used in the window;
 * or, to those who follow, what changes.
 */
export const stats: Route = (app, view) => {
  const live = new LiveStats(view, (error) =>
    app.log.error({ err: error }, "BUG: cannot write a live answer"),
  );
  app.addHook("preClose", async () => live.close());
  const handle = async (
    request: FastifyRequest<Asked>,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const word = request.params["*"];
    if (word !== undefined) refuseUnknown(view, word);
    if (isToFollow(request)) return follow(live, view, request, reply);
    return answer(view, request, reply);
  };
  const schema = { tags: ["stats"], querystring, response: statsResponses };
  app.get<Asked>(
    "/stats",
    {
      schema: {
        ...schema,
        summary: "All containers: identity, latest values, window statistics.",
      },
    },
    handle,
  );
  app.get<Asked>(
    "/stats/*",
    {
      schema: {
        ...schema,
        summary: "One container, by name, id, unique id prefix or cgroup path, with its series.",
        params: object({ "*": text("The container.", { title: "container" }) }),
      },
    },
    handle,
  );
};
