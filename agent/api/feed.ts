import { Slice } from "../../lib/slice.ts";
import { Page } from "../../wire/exposition/page.ts";
import {
  encodeSamples,
  FEED_END,
  FEED_CONTENT_TYPE,
  FEED_VERSION,
  type FeedContainer,
  type FeedHead,
  orderColumns,
} from "../../wire/feed.ts";
import { answer, query, text } from "../../wire/json-schema.ts";
import { allMetrics } from "../../wire/metrics/all.ts";
import type { Ring } from "../../wire/ring.ts";
import { QueryError } from "../../wire/stats/query.ts";
import { ErrorSchema } from "../../wire/stats/schema.ts";
import type { Tracked } from "../window/tracked.ts";
import { type Answer, sendKept } from "./kept-answers.ts";
import type { AgentView, Route } from "./route.ts";

const querystring = query({
  since: text("The cursor of the last answer; without it all that is kept.", { maxLength: 100 }),
});

/** What a reader knows already. */
interface Known {
  /** The pass after which to begin: 0 for a new reader, and for a cursor that is none of ours. */
  readonly tick: number;
  /** Whether we still have everything since. */
  readonly isComplete: boolean;
}

/** The machine is sampled at every full pass, so its window reaches back as far as any. */
function oldestRing({ window }: AgentView): Ring | undefined {
  const ring = window.get("/")?.ring;
  return ring === undefined || ring.length === 0 ? undefined : ring;
}

function oldestTick(view: AgentView): number {
  return (oldestRing(view)?.tickAt(0) ?? 1) - 1;
}

/** Understands a cursor: the agent's run and a pass of it. */
function parseCursor(cursor: string | undefined, view: AgentView): Known {
  // Who knows nothing misses nothing.
  if (cursor === undefined || cursor === "") return { tick: 0, isComplete: true };
  const [, run, digits] = /^([0-9a-z]+)-(\d+)$/.exec(cursor) ?? [];
  if (digits === undefined)
    throw new QueryError("since", `"${cursor}" is not a cursor of the feed`);
  const tick = Number(digits);
  // Of another life of the agent, or of a pass that has not been.
  if (run !== view.run || tick > view.window.tick) return { tick: 0, isComplete: false };
  return { tick, isComplete: tick >= oldestTick(view) };
}

function headOf(
  view: AgentView,
  known: Known,
  until: number,
  columns: readonly number[],
): FeedHead {
  const from = oldestRing(view)?.timeAt(0);
  return {
    feed: FEED_VERSION,
    node: view.node,
    machine: { cpu_cores: view.machine.cpuCores, memory_bytes: view.machine.memoryBytes },
    cursor: `${view.run}-${until}`,
    oldest: `${view.run}-${oldestTick(view)}`,
    complete: known.isComplete,
    ...(from === undefined ? {} : { from }),
    interval_seconds: view.intervalSeconds,
    columns: columns.map((column) => allMetrics[column]?.name ?? ""),
  };
}

/** The stretch of the feed that a line is written for. */
interface Stretch {
  readonly since: number;
  readonly until: number;
  readonly columns: readonly number[];
}

/** What a reader who knows everything up to `since` must be told of a cgroup; undefined if nothing. */
function lineOf(tracked: Tracked, { since, until, columns }: Stretch): FeedContainer | undefined {
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
    ...encodeSamples(ring, from, Math.max(from, to), columns),
  };
}

async function write(view: AgentView, known: Known): Promise<Answer> {
  const until = view.window.tick;
  // A copy: containers come and go in between.
  const all = [...view.window.all()];
  const columns = orderColumns(
    all.map(({ ring }) => ring),
    allMetrics.length,
  );
  const page = new Page();
  const slice = new Slice();
  page.write(`${JSON.stringify(headOf(view, known, until, columns))}\n`);
  for (const tracked of all) {
    const line = lineOf(tracked, { since: known.tick, until, columns });
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
    response: {
      200: answer("Lines of JSON.", { [FEED_CONTENT_TYPE]: text("A head, containers, an end.") }),
      "4xx": ErrorSchema,
    },
  };
  app.get<{ Querystring: { since?: string } }>("/stats/feed", { schema }, (request, reply) => {
    const known = parseCursor(request.query.since, view);
    return sendKept(view.answers, request, reply, () => write(view, known));
  });
};
