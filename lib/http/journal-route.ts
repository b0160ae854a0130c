import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import type { Journal, Wanted } from "../journal/journal.ts";
import type { Logged, Timed } from "../journal/logged.ts";
import { unpackText } from "../journal/packed.ts";
import { preferred } from "./accept.ts";
import { ResumableStreams } from "./resumable-streams.ts";

/** What was asked of a journal. */
interface JournalQuery<Body> extends Wanted<Body> {
  /** Whether the minute before is wanted too. */
  readonly hasMoments: boolean;
  /** Whether a time was given, so that a stream begins there and not now. */
  readonly hasStart: boolean;
}

/** A route that lists a journal, or follows it. */
export interface JournalRoute<Body extends Timed> {
  readonly path: string;
  /** The route's part of the OpenAPI document. */
  readonly schema: object;
  readonly journal: Journal<Body>;
  /** Understands a query; throws what the server answers with a 400. */
  readonly parse: (raw: Readonly<Record<string, string>>, now: number) => JournalQuery<Body>;
  /** Checks the id that a reader has seen last. */
  readonly checkId: (parameter: string, id: string) => string;
  /** What stands in a list before the entries. */
  readonly head: Readonly<Record<string, string>>;
}

interface Asked {
  Querystring: Readonly<Record<string, string>>;
}

const LIMITS = { most: 300, heartbeatMs: 15_000, patienceMs: 30_000 };

/**
 * Adds the route: a list; or, to those who follow, each entry as it comes, resumed by `Last-Event-ID`.
 * Returns who follows.
 */
export function addJournalRoute<Body extends Timed>(
  app: FastifyInstance,
  route: JournalRoute<Body>,
): { readonly size: number } {
  const streams = new ResumableStreams(route.journal, LIMITS, (error) =>
    app.log.error({ err: error }, "BUG: cannot write a stream of events"),
  );
  app.addHook("preClose", async () => streams.close());
  app.get<Asked>(route.path, { schema: route.schema }, async (request, reply) =>
    isToFollow(request) ? follow(streams, route, request, reply) : list(route, request, reply),
  );
  return streams;
}

function isToFollow({ query, headers }: FastifyRequest<Asked>): boolean {
  if (query["stream"] !== undefined) return query["stream"] === "1";
  return (
    preferred(headers.accept, ["application/json", "text/event-stream"]) === "text/event-stream"
  );
}

async function list<Body extends Timed>(
  { journal, parse, head }: JournalRoute<Body>,
  request: FastifyRequest<Asked>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { stream: _, ...raw } = request.query;
  const now = Date.now();
  const query = parse(raw, now);
  const newest = journal.newestId;
  const found = await journal.query(query);
  const texts = found.map((logged) => textOf(logged, query.hasMoments));
  const start = JSON.stringify({ ...head, time: new Date(now).toISOString(), newest }).slice(0, -1);
  return reply.type("application/json").send(`${start},"events":[${texts.join(",")}]}`);
}

function follow<Body extends Timed>(
  streams: ResumableStreams<Logged<Body>>,
  { parse, checkId }: JournalRoute<Body>,
  { query: asked, headers, method }: FastifyRequest<Asked>,
  reply: FastifyReply,
): FastifyReply {
  const { stream: _, ...raw } = asked;
  const { matches, start, end, after, hasStart, hasMoments } = parse(raw, Date.now());
  const lastSeen = headers["last-event-id"];
  const hasSeen = typeof lastSeen === "string" && lastSeen !== "";
  const from = hasSeen ? checkId("Last-Event-ID", lastSeen) : after;
  if (method === "HEAD") return reply.type("text/event-stream").send();
  streams.follow(reply, {
    from: from ?? (hasStart ? "" : undefined),
    question: JSON.stringify(Object.entries(raw).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    idOf: ({ event }) => event.id,
    encode(logged) {
      const { event } = logged;
      const time = Date.parse(event.time);
      if (!matches(event) || time < start || time > end) return undefined;
      const type = "type" in event ? `event: ${String(event.type)}\n` : "";
      return `${type}id: ${event.id}\ndata: ${textOf(logged, hasMoments)}\n\n`;
    },
  });
  return reply;
}

function textOf<Body>({ text, moments }: Logged<Body>, hasMoments: boolean): string {
  if (!hasMoments || moments === undefined) return text;
  return `${text.slice(0, -1)},"moments":${unpackText(moments)}}`;
}
