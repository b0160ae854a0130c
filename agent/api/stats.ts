import { HttpError } from "../../lib/http/errors.ts";
import { Slice } from "../../lib/slice.ts";
import { object, query as querySchema, text } from "../../wire/json-schema.ts";
import {
  type ContainerStats,
  containerStats,
  select,
  type Subject,
} from "../../wire/stats/answer.ts";
import { encodeStats } from "../../wire/stats/encode.ts";
import { findSubjects } from "../../wire/stats/find.ts";
import { parseStatsQuery, type RawStatsQuery, type StatsQuery } from "../../wire/stats/query.ts";
import { ErrorSchema, StatsAnswerSchema, statsQueryProperties } from "../../wire/stats/schema.ts";
import { type Answer, sendKept } from "./kept-answers.ts";
import type { AgentView, Route } from "./route.ts";

const querystring = querySchema(statsQueryProperties);

const responses = { 200: StatsAnswerSchema, "4xx": ErrorSchema };

async function statsOf(subjects: readonly Subject[], query: StatsQuery): Promise<ContainerStats[]> {
  const slice = new Slice();
  const stats: ContainerStats[] = [];
  for (const subject of subjects) {
    stats.push(containerStats(subject, query));
    if (slice.isOver()) await slice.next();
  }
  return stats;
}

async function write(
  view: AgentView,
  subjects: readonly Subject[],
  query: StatsQuery,
): Promise<Answer> {
  const head = {
    node: view.node,
    time: new Date().toISOString(),
    interval_seconds: view.intervalSeconds,
    window_seconds: view.windowSeconds,
  };
  const { contentType, body } = encodeStats(head, await statsOf(subjects, query), query);
  return { contentType, body: Buffer.from(body) };
}

/** `GET /stats` and `GET /stats/{container}`: who runs, what it uses, and what it used in the window. */
export const stats: Route = (app, view) => {
  app.get<{ Querystring: RawStatsQuery }>(
    "/stats",
    {
      schema: {
        summary: "All containers: identity, latest values, window statistics.",
        tags: ["stats"],
        querystring,
        response: responses,
      },
    },
    async (request, reply) => {
      const asked = parseStatsQuery(request.query);
      return sendKept(view.answers, request, reply, () =>
        write(view, select(view.window.subjects(), asked), asked),
      );
    },
  );

  app.get<{ Querystring: RawStatsQuery; Params: { "*": string } }>(
    "/stats/*",
    {
      schema: {
        summary: "One container, by name, id, unique id prefix or cgroup path, with its series.",
        tags: ["stats"],
        params: object({ "*": text("The container.", { title: "container" }) }),
        querystring,
        response: responses,
      },
    },
    async (request, reply) => {
      const asked = parseStatsQuery({ step: `${view.intervalSeconds}s`, ...request.query });
      const wanted = request.params["*"];
      const subjects = findSubjects(view.window.subjects(), wanted);
      if (subjects.length === 0) {
        const message = `no container here has the name, id or cgroup path "${wanted}"`;
        throw new HttpError(404, message);
      }
      return sendKept(view.answers, request, reply, () => write(view, subjects, asked));
    },
  );
};
