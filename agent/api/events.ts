import type { FastifyReply, FastifyRequest } from "fastify";

import { preferred } from "../../lib/http/accept.ts";
import { ResumableStreams } from "../../lib/http/resumable-streams.ts";
import {
  checkId,
  type EventQuery,
  parseEventQuery,
  type RawEventQuery,
} from "../../wire/events/query.ts";
import { eventQueryProperties, eventsSchema } from "../../wire/events/schema.ts";
import { answer, query as querySchema, text } from "../../wire/json-schema.ts";
import { ErrorSchema } from "../../wire/stats/schema.ts";
import type { LoggedEvent } from "../events/logged-event.ts";
import { unpackMoments } from "../events/moments.ts";
import type { AgentView, Route } from "./route.ts";

const LIMITS = { most: 300, heartbeatMs: 15_000, patienceMs: 30_000 };

interface RawQuery extends RawEventQuery {
  readonly stream?: "0" | "1";
}

interface Asked {
  Querystring: RawQuery;
}

const schema = {
  summary:
    "What has happened to containers, to their memory, and to the agent; or, followed, what happens.",
  tags: ["events"],
  querystring: querySchema({
    ...eventQueryProperties,
    stream: { enum: ["0", "1"], description: "`1` follows, as `Accept: text/event-stream` does." },
  }),
  response: {
    200: answer(
      "The events, the oldest first; or each as it happens, resumed by `Last-Event-ID`.",
      {
        "application/json": eventsSchema,
        "text/event-stream": text(
          "Server-sent events; `event: gap` where some can't be told any more.",
        ),
      },
    ),
    "4xx": ErrorSchema,
  },
};

/** `GET /events`: what has happened; or, to those who follow, what happens. */
export const events: Route = (app, view) => {
  const streams = new ResumableStreams(view.eventLog, LIMITS, (error) =>
    app.log.error({ err: error }, "BUG: cannot write a stream of events"),
  );
  app.addHook("preClose", async () => streams.close());
  app.get<Asked>("/events", { schema }, async (request, reply) =>
    isToFollow(request) ? follow(streams, request, reply) : list(view, request, reply),
  );
};

function isToFollow({ query, headers }: FastifyRequest<Asked>): boolean {
  if (query.stream !== undefined) return query.stream === "1";
  return (
    preferred(headers.accept, ["application/json", "text/event-stream"]) === "text/event-stream"
  );
}

async function list(
  { eventLog, node }: AgentView,
  request: FastifyRequest<Asked>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const now = Date.now();
  const { stream: _, ...raw } = request.query;
  const query = parseEventQuery(raw, now);
  const newest = eventLog.newestId;
  const found = await eventLog.query(query);
  const texts = found.map((logged) => textOf(logged, query));
  const head = JSON.stringify({ node, time: new Date(now).toISOString(), newest }).slice(0, -1);
  return reply.type("application/json").send(`${head},"events":[${texts.join(",")}]}`);
}

function follow(
  streams: ResumableStreams<LoggedEvent>,
  request: FastifyRequest<Asked>,
  reply: FastifyReply,
): FastifyReply {
  const { stream: _, ...raw } = request.query;
  const query = parseEventQuery(raw, Date.now());
  const { matches, start, end } = query;
  const hasSince = raw.since !== undefined || raw.start !== undefined;
  if (request.method === "HEAD") return reply.type("text/event-stream").send();
  streams.follow(reply, {
    from: lastSeen(request) ?? query.after ?? (hasSince ? "" : undefined),
    question: JSON.stringify(Object.entries(raw).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    idOf: ({ event }) => event.id,
    encode(logged) {
      const { event } = logged;
      const time = Date.parse(event.time);
      if (!matches(event) || time < start || time > end) return undefined;
      return `event: ${event.type}\nid: ${event.id}\ndata: ${textOf(logged, query)}\n\n`;
    },
  });
  return reply;
}

function lastSeen({ headers }: FastifyRequest): string | undefined {
  const id = headers["last-event-id"];
  return typeof id === "string" && id !== "" ? checkId("Last-Event-ID", id) : undefined;
}

function textOf({ text: plain, moments }: LoggedEvent, { hasMoments }: EventQuery): string {
  if (!hasMoments || moments === undefined) return plain;
  return `${plain.slice(0, -1)},"moments":${JSON.stringify(unpackMoments(moments))}}`;
}
