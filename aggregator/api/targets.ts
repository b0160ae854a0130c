import { Type } from "@sinclair/typebox";

import type { TargetState } from "../scrape/target-state.ts";
import type { Route } from "./route.ts";

const Time = Type.Optional(Type.String({ format: "date-time" }));

const TargetSchema = Type.Object(
  {
    url: Type.String(),
    state: Type.String({ description: "`unknown` until it has been asked, `up` or `down`." }),
    node: Type.Optional(Type.String({ description: "As the agent calls itself." })),
    last_scrape: Time,
    last_success: Time,
    duration_seconds: Type.Optional(Type.Number()),
    samples: Type.Integer({ description: "New samples in the last good answer." }),
    containers: Type.Integer({ description: "Containers in the last good answer." }),
    failures: Type.Integer({ description: "Since the last good answer." }),
    error: Type.Optional(Type.Object({ reason: Type.String(), message: Type.String() })),
    gap_seconds: Type.Number({ description: "Seconds whose samples nobody has any more." }),
    last_gap: Type.Optional(Type.Object({ start: Type.String(), end: Type.String() })),
  },
  { description: "An agent and how asking it goes." },
);

function iso(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

function describe(target: TargetState): object {
  const { lastGap: gap } = target;
  return {
    url: target.url,
    state: target.health,
    node: target.node,
    last_scrape: iso(target.lastScrape),
    last_success: iso(target.lastSuccess),
    duration_seconds: target.duration === undefined ? undefined : target.duration / 1000,
    samples: target.samples,
    containers: target.containers,
    failures: target.failures,
    error: target.error,
    gap_seconds: target.gapSeconds,
    last_gap: gap === undefined ? undefined : { start: iso(gap.start), end: iso(gap.end) },
  };
}

/** `GET /targets`: the agents and how asking them goes. */
export const targets: Route = (app, view) => {
  const schema = {
    summary: "Every target: state, last scrape, duration, samples, error.",
    tags: ["targets"],
    response: { 200: Type.Object({ targets: Type.Array(TargetSchema) }) },
  };
  app.get("/targets", { schema }, () => ({ targets: view.targets().map(describe) }));
};
