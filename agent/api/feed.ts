import { Slice } from "../../lib/slice.ts";
import { Page } from "../../wire/exposition/page.ts";
import {
  encodeSamples,
  FEED_END,
  FEED_CONTENT_TYPE,
  FEED_VERSION,
  type FeedContainer,
  type FeedHead,
} from "../../wire/feed.ts";
import { query, text } from "../../wire/json-schema.ts";
import { allMetrics } from "../../wire/metrics/all.ts";
import { QueryError } from "../../wire/stats/query.ts";
import type { Tracked } from "../window/tracked.ts";
import { type Answer, sendKept } from "./kept-answers.ts";
import type { AgentView, Route } from "./route.ts";

const COLUMNS = allMetrics.map((metric) => metric.name);

const querystring = query({
  since: text("The cursor of the last answer; without it all that is kept."),
});

/** The pass after which to begin: 0 for a new reader and for a cursor of another life of the agent. */
function parseCursor(cursor: string | undefined, run: string): number {
  if (cursor === undefined || cursor === "") return 0;
  const [, ofRun, tick] = /^([0-9a-z]+)-(\d+)$/.exec(cursor) ?? [];
  if (tick === undefined) throw new QueryError("since", "this is not a cursor of the feed");
  return ofRun === run ? Number(tick) : 0;
}

/** The machine is sampled at every full pass, so its window reaches back as far as any. */
function oldestTick({ window }: AgentView): number {
  const ring = window.get("/")?.ring;
  return ring === undefined || ring.length === 0 ? 0 : ring.tickAt(0) - 1;
}

function headOf(view: AgentView, until: number): FeedHead {
  return {
    feed: FEED_VERSION,
    node: view.node,
    machine: { cpu_cores: view.machine.cpuCores, memory_bytes: view.machine.memoryBytes },
    cursor: `${view.run}-${until}`,
    oldest: `${view.run}-${oldestTick(view)}`,
    interval_seconds: view.intervalSeconds,
    columns: COLUMNS,
  };
}

/** What a reader who knows everything up to `since` must be told of a cgroup; undefined if nothing. */
function lineOf(tracked: Tracked, since: number, until: number): FeedContainer | undefined {
  const { ring, gone, describedAt, container } = tracked;
  const from = ring.positionAfterTick(since);
  const to = ring.positionAfterTick(until);
  const isNew = describedAt > since || ring.tickAt(0) > since;
  const hasGone = gone !== undefined && gone.tick > since && gone.tick <= until;
  if (from >= to && !isNew && !hasGone) return undefined;
  return {
    id: container.id,
    ...(isNew ? { container } : {}),
    ...(hasGone ? { gone: gone.time } : {}),
    ...encodeSamples(ring, from, Math.max(from, to), COLUMNS.length),
  };
}

async function write(view: AgentView, since: number): Promise<Answer> {
  const until = view.window.tick;
  const page = new Page();
  const slice = new Slice();
  page.write(`${JSON.stringify(headOf(view, until))}\n`);
  // A copy: containers come and go in between.
  const all = [...view.window.all()];
  for (const tracked of all) {
    const line = lineOf(tracked, since, until);
    if (line !== undefined) page.write(`${JSON.stringify(line)}\n`);
    if (slice.isOver()) await slice.next();
  }
  page.write(`${JSON.stringify(FEED_END)}\n`);
  return { contentType: FEED_CONTENT_TYPE, body: page.finish() };
}

/** `GET /stats/feed`: every sample since a cursor, for the aggregator. */
export const feed: Route = (app, view) => {
  const schema = {
    summary: "Every sample of every container since a cursor, and the next cursor.",
    description: "Lines of JSON: a head, one line for each container, an end line.",
    tags: ["stats"],
    querystring,
    response: { 200: text("application/x-ndjson") },
  };
  app.get<{ Querystring: { since?: string } }>("/stats/feed", { schema }, (request, reply) => {
    const since = parseCursor(request.query.since, view.run);
    return sendKept(view.answers, request, reply, () => write(view, since));
  });
};
