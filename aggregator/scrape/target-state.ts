import type { Labels } from "../../wire/labels.ts";
import type { JobKind } from "../jobs/job.ts";
import type { Target } from "../jobs/target.ts";
import type { Gap } from "../model/cluster.ts";
import { agentBase } from "./agent.ts";
import type { FailureReason } from "./failure.ts";
import type { Came } from "./kind.ts";

/** How asking a target goes. Times are Unix milliseconds. */
export interface TargetState {
  readonly url: string;
  readonly job: string;
  readonly labels: Labels;
  /** What it turned out to be; undefined until it has answered. */
  readonly kind?: JobKind;
  /** `unknown` until it has been asked. */
  readonly health: "unknown" | "up" | "down";
  /** The node that it spoke for last. */
  readonly node?: string;
  readonly lastScrape?: number;
  readonly lastSuccess?: number;
  /** Milliseconds that the last scrape took. */
  readonly duration?: number;
  /** Milliseconds that it began after its turn. */
  readonly lateness?: number;
  /** New samples that the last good answer brought. */
  readonly samples: number;
  /** Containers in the last good answer. */
  readonly containers: number;
  /** Milliseconds that its clock is ahead of ours, to about half a second. */
  readonly clockDifference?: number;
  /** What went less than well in the last good answer. */
  readonly note?: string;
  readonly error?: { readonly reason: FailureReason; readonly message: string };
  /** Since the last good answer. */
  readonly failures: number;
  /** Answers that were more than its job or the memory for series allows, since the start. */
  readonly limitHits: number;
  /** Seconds that can't be got any more, and the last such stretch. */
  readonly gapSeconds: number;
  readonly lastGap?: Gap;
}

/** A target before it was asked for the first time. */
export function untried({ url, job, labels }: Target): TargetState {
  return {
    url: job.kind === "agent" ? agentBase(url) : url,
    job: job.name,
    labels,
    health: "unknown",
    samples: 0,
    containers: 0,
    failures: 0,
    limitHits: 0,
    gapSeconds: 0,
  };
}

/** The state after a good answer. */
export function succeeded(
  before: TargetState,
  came: Came,
  { time, duration }: { readonly time: number; readonly duration: number },
): TargetState {
  const { gap, page: _, ...rest } = came;
  const { error: __, note: ___, ...kept } = before;
  return {
    ...kept,
    ...rest,
    duration,
    health: "up",
    lastScrape: time,
    lastSuccess: time,
    failures: 0,
    gapSeconds: before.gapSeconds + secondsOf(gap),
    ...(gap === undefined ? {} : { lastGap: gap }),
  };
}

/** Failures for there being too much of something. */
const LIMITS: ReadonlySet<FailureReason> = new Set(["limit", "too_large", "memory"]);

/** The state after a failure. */
export function failed(
  before: TargetState,
  error: NonNullable<TargetState["error"]>,
  time: number,
  duration: number,
): TargetState {
  const failures = before.failures + 1;
  const limitHits = before.limitHits + Number(LIMITS.has(error.reason));
  return { ...before, health: "down", error, lastScrape: time, duration, failures, limitHits };
}

/** Length of a gap in seconds. */
export function secondsOf(gap: Gap | undefined): number {
  return gap === undefined ? 0 : (gap.end - gap.start) / 1000;
}
