import { Type } from "@sinclair/typebox";

import type { DiscoveryState } from "../discovery/discovery.ts";
import type { JobState } from "../jobs/jobs.ts";
import type { DroppedTarget } from "../jobs/make-targets.ts";
import type { Target } from "../jobs/target.ts";
import type { Route } from "./route.ts";

/** So many targets of a job are shown. */
const MOST_TARGETS = 10_000;

const LabelSet = Type.Record(Type.String(), Type.String());

const DiscoverySchema = Type.Object({
  kind: Type.String({ description: "`static`, `file`, `http`, `dns` and so on." }),
  where: Type.String({ description: "Where it looks." }),
  targets: Type.Integer(),
  failures: Type.Integer({ description: "Looks that failed, since the start." }),
  trouble: Type.Optional(Type.String({ description: "Why the last look failed." })),
});

const TargetSchema = Type.Object({
  scrape_url: Type.String(),
  labels: LabelSet,
  discovered_labels: LabelSet,
  scrape_interval_seconds: Type.Number(),
  scrape_timeout_seconds: Type.Number(),
});

const DroppedSchema = Type.Object({
  discovered_labels: LabelSet,
  trouble: Type.Optional(
    Type.String({ description: "What is wrong with it; absent if relabelling dropped it." }),
  ),
});

const JobSchema = Type.Object({
  job: Type.String(),
  trouble: Type.Optional(Type.String({ description: "Why the whole job is not scraped." })),
  discoveries: Type.Array(DiscoverySchema),
  targets: Type.Array(TargetSchema, { description: `At most ${MOST_TARGETS} of them.` }),
  dropped_targets: Type.Array(DroppedSchema, {
    description: "At most `keep_dropped_targets` of them.",
  }),
  dropped_count: Type.Integer(),
});

/** `GET /service-discovery`: what each job's discoveries have found, and what became of it. */
export const serviceDiscovery: Route = (app, view) => {
  const schema = {
    summary: "What each job has found: before relabelling, after it, and what was dropped.",
    tags: ["targets"],
    response: { 200: Type.Object({ jobs: Type.Array(JobSchema) }) },
  };
  app.get("/service-discovery", { schema }, () => ({ jobs: view.jobs().map(describeJob) }));
};

function describeJob(job: JobState): object {
  return {
    job: job.name,
    trouble: job.trouble,
    discoveries: job.discoveries.map((state: DiscoveryState) => ({ ...state })),
    targets: job.targets.slice(0, MOST_TARGETS).map(describeTarget),
    dropped_targets: job.dropped.map(describeDropped),
    dropped_count: job.droppedCount,
  };
}

function describeTarget(target: Target): object {
  return {
    scrape_url: target.url,
    labels: target.labels,
    discovered_labels: target.discoveredLabels,
    scrape_interval_seconds: target.scrapeInterval / 1000,
    scrape_timeout_seconds: target.scrapeTimeout / 1000,
  };
}

function describeDropped({ discoveredLabels, trouble }: DroppedTarget): object {
  return { discovered_labels: discoveredLabels, trouble };
}
