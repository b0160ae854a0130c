import type { Gap } from "../model/cluster.ts";
import type { FailureReason } from "./failure.ts";

/** How asking an agent goes. Times are Unix milliseconds. */
export interface TargetState {
  readonly url: string;
  /** `unknown` until it has been asked. */
  readonly health: "unknown" | "up" | "down";
  /** As it called itself last. */
  readonly node?: string;
  readonly lastScrape?: number;
  readonly lastSuccess?: number;
  /** Milliseconds that the last scrape took. */
  readonly duration?: number;
  /** New samples that the last good answer brought. */
  readonly samples: number;
  /** Containers in the last good answer. */
  readonly containers: number;
  readonly error?: { readonly reason: FailureReason; readonly message: string };
  /** Since the last good answer. */
  readonly failures: number;
  /** Seconds that can't be got any more, and the last such stretch. */
  readonly gapSeconds: number;
  readonly lastGap?: Gap;
}

/** A target before it was asked for the first time. */
export function untried(url: string): TargetState {
  return { url, health: "unknown", samples: 0, containers: 0, failures: 0, gapSeconds: 0 };
}

/** A good answer. */
export interface Success {
  readonly node: string;
  readonly time: number;
  readonly duration: number;
  readonly samples: number;
  readonly containers: number;
  readonly gap?: Gap;
}

/** The state after a good answer. */
export function succeeded(before: TargetState, success: Success): TargetState {
  const { gap, time, ...rest } = success;
  const { error: _, ...kept } = before;
  return {
    ...kept,
    ...rest,
    health: "up",
    lastScrape: time,
    lastSuccess: time,
    failures: 0,
    gapSeconds: before.gapSeconds + secondsOf(gap),
    ...(gap === undefined ? {} : { lastGap: gap }),
  };
}

/** The state after a failure. */
export function failed(
  before: TargetState,
  error: NonNullable<TargetState["error"]>,
  time: number,
  duration: number,
): TargetState {
  const failures = before.failures + 1;
  return { ...before, health: "down", error, lastScrape: time, duration, failures };
}

/** Length of a gap in seconds. */
export function secondsOf(gap: Gap | undefined): number {
  return gap === undefined ? 0 : (gap.end - gap.start) / 1000;
}
