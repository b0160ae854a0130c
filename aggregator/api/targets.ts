import { Type } from "@sinclair/typebox";

import { formatDuration } from "../../lib/config/duration.ts";
import { preferred } from "../../lib/http/accept.ts";
import type { Target } from "../jobs/target.ts";
import { paceOf } from "../scrape/all.ts";
import { keyOf as seriesKey } from "../scrape/series/scraped.ts";
import { type TargetState, untried } from "../scrape/target-state.ts";
import type { ClusterView, Route } from "./route.ts";
import {
  encodeTargetsPage,
  TARGETS_PAGE_POLICY,
  type ToldDiscovery,
  type ToldSink,
  type ToldTarget,
} from "./targets-page.ts";

const Time = Type.Optional(Type.String({ format: "date-time" }));
const LabelSet = Type.Record(Type.String(), Type.String());

const TargetSchema = Type.Object(
  {
    job: Type.String(),
    kind: Type.Optional(Type.String({ description: "`agent`, `exposition`, `kubelet`." })),
    url: Type.String({ description: "Where it answers." }),
    scrape_url: Type.Optional(Type.String({ description: "As its job has made it." })),
    labels: LabelSet,
    discovered_labels: Type.Optional(LabelSet),
    state: Type.String({ description: "`unknown` until it has been asked, `up` or `down`." }),
    node: Type.Optional(Type.String({ description: "The node that it speaks for." })),
    last_scrape: Time,
    last_success: Time,
    duration_seconds: Type.Optional(Type.Number()),
    lateness_seconds: Type.Optional(
      Type.Number({ description: "How long after its turn the last scrape began." }),
    ),
    scrape_interval_seconds: Type.Optional(Type.Number({ description: "As it is really asked." })),
    scrape_timeout_seconds: Type.Optional(Type.Number()),
    clock_difference_seconds: Type.Optional(
      Type.Number({ description: "By how much its clock is ahead of ours, to half a second." }),
    ),
    note: Type.Optional(
      Type.String({
        description: "What went less than well in the last good answer, or is not as configured.",
      }),
    ),
    samples: Type.Integer({ description: "New samples in the last good answer." }),
    containers: Type.Integer({ description: "Containers in the last good answer." }),
    failures: Type.Integer({ description: "Since the last good answer." }),
    limit_hits: Type.Integer({
      description: "Answers that were more than a limit or the memory allows, since the start.",
    }),
    error: Type.Optional(Type.Object({ reason: Type.String(), message: Type.String() })),
    gap_seconds: Type.Number({ description: "Seconds whose samples nobody has any more." }),
    last_gap: Type.Optional(
      Type.Object({ start: Type.String(), end: Type.String(), cause: Type.String() }),
    ),
  },
  { description: "A target and how asking it goes." },
);

const DiscoverySchema = Type.Object({
  job: Type.String(),
  kind: Type.String({ description: "`static`, `file`, `http`, `dns` and so on." }),
  where: Type.String({ description: "Where it looks." }),
  targets: Type.Integer(),
  failures: Type.Integer({ description: "Looks that failed, since the start." }),
  trouble: Type.Optional(Type.String({ description: "Why the last look failed." })),
});

const SinkSchema = Type.Object(
  {
    name: Type.String(),
    waiting_points: Type.Integer(),
    waiting_bytes: Type.Integer({ description: "On disk, and in memory what the disk lacks." }),
    capacity_bytes: Type.Integer({ description: "Of more the oldest are let go." }),
    oldest: Type.Optional(
      Type.String({ format: "date-time", description: "When the oldest that waits was taken." }),
    ),
    sent_points: Type.Integer({ description: "This and what follows: since the start." }),
    refused_points: Type.Integer({ description: "The store never takes them: set aside." }),
    dropped_points: Type.Integer({ description: "Let go, as the queue was full or they too old." }),
    failures: Type.Integer({ description: "Requests that failed and are tried again." }),
    trouble: Type.Optional(Type.String({ description: "Why the last request failed." })),
  },
  { description: "A store that measurements are sent to, and the queue before it." },
);

const AnswerSchema = Type.Object({
  targets: Type.Array(TargetSchema),
  discoveries: Type.Array(DiscoverySchema),
  sinks: Type.Array(SinkSchema),
});

const isoOf = (time: number): string => new Date(time).toISOString();

function iso(time: number | undefined): string | undefined {
  return time === undefined ? undefined : isoOf(time);
}

const secondsOf = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : milliseconds / 1000;

function describe(state: TargetState, target: Target | undefined): ToldTarget {
  const { lastGap: gap } = state;
  const interval = target && paceOf(target, state.kind).interval;
  return {
    job: state.job,
    kind: state.kind ?? target?.job.kind,
    url: state.url,
    scrape_url: target?.url,
    labels: state.labels,
    discovered_labels: target?.discoveredLabels,
    state: state.health,
    node: state.node,
    last_scrape: iso(state.lastScrape),
    last_success: iso(state.lastSuccess),
    duration_seconds: secondsOf(state.duration),
    lateness_seconds: secondsOf(state.lateness),
    scrape_interval_seconds: secondsOf(interval),
    scrape_timeout_seconds: secondsOf(target?.scrapeTimeout),
    clock_difference_seconds: secondsOf(state.clockDifference),
    samples: state.samples,
    containers: state.containers,
    failures: state.failures,
    limit_hits: state.limitHits,
    note: noteOf(state, target, interval),
    error: state.error,
    gap_seconds: state.gapSeconds,
    last_gap: gap && { ...gap, start: isoOf(gap.start), end: isoOf(gap.end) },
  };
}

/** What is worth a word although asking goes well. */
function noteOf(
  { note }: TargetState,
  target: Target | undefined,
  interval: number | undefined,
): string | undefined {
  if (target === undefined || interval === undefined || interval === target.scrapeInterval) {
    return note;
  }
  const [really, configured] = [interval, target.scrapeInterval].map((time) =>
    formatDuration(time / 1000),
  );
  const pace = `asked every ${really} instead of ${configured}, as an agent keeps a minute`;
  return note === undefined ? pace : `${note}; ${pace}`;
}

/** Two of one address may differ in their labels alone; no name of a job has a NUL in it. */
function keyOf({ job, url, labels }: TargetState): string {
  return `${job}\0${url}\0${seriesKey(labels)}`;
}

/** Every target that is asked, and those of the jobs that are not yet. */
function targetsOf(view: ClusterView): ToldTarget[] {
  const made = new Map<string, Target>();
  for (const { name, targets: all } of view.jobs()) {
    for (const target of all) made.set(keyOf({ ...untried(target), job: name }), target);
  }
  const states = new Map(view.targets().map((state) => [keyOf(state), state]));
  const unasked = [...made].filter(([key]) => !states.has(key));
  return [
    ...[...states].map(([key, state]) => describe(state, made.get(key))),
    ...unasked.map(([, target]) => describe(untried(target), target)),
  ];
}

function discoveriesOf(view: ClusterView): ToldDiscovery[] {
  return view
    .jobs()
    .flatMap(({ name, discoveries }) => discoveries.map((state) => ({ job: name, ...state })));
}

function sinksOf(view: ClusterView): ToldSink[] {
  return view.sinks().map((state) => ({
    name: state.name,
    waiting_points: state.waitingPoints,
    waiting_bytes: state.waitingBytes,
    capacity_bytes: state.capacityBytes,
    oldest: iso(state.oldest),
    sent_points: state.sentPoints,
    refused_points: state.refusedPoints,
    dropped_points: state.droppedPoints,
    failures: state.failures,
    trouble: state.trouble,
  }));
}

const JSON_TYPE = "application/json";
const HTML_TYPE = "text/html";

/** `GET /targets`: what is scraped and how it goes; a page for browsers. */
export const targets: Route = (app, view) => {
  const schema = {
    summary: "Every target: state, labels, last scrape, duration, samples, error; and every sink.",
    tags: ["targets"],
    response: {
      200: {
        description: "As JSON, or as a page for people by `Accept`.",
        content: {
          [JSON_TYPE]: { schema: AnswerSchema },
          [HTML_TYPE]: { schema: Type.String() },
        },
      },
    },
  };
  app.get("/targets", { schema }, (request, reply) => {
    const answer = {
      targets: targetsOf(view),
      discoveries: discoveriesOf(view),
      sinks: sinksOf(view),
    };
    void reply.header("vary", "accept");
    const wanted = preferred(request.headers.accept, [JSON_TYPE, HTML_TYPE]);
    if (wanted !== HTML_TYPE) return reply.type(`${JSON_TYPE}; charset=utf-8`).send(answer);
    return reply
      .type(`${HTML_TYPE}; charset=utf-8`)
      .header("content-security-policy", TARGETS_PAGE_POLICY)
      .send(encodeTargetsPage(answer.targets, answer.discoveries, answer.sinks));
  });
};
