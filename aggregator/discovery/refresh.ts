import { setTimeout as sleep } from "node:timers/promises";

import type { Discovery, DiscoveryContext, TargetGroup } from "./discovery.ts";
import { Troubles } from "./troubles.ts";

/** A place that is looked at again and again. */
export interface Refreshing {
  readonly kind: string;
  /** Where it looks, without anything secret. */
  readonly where: string;
  /** Between two looks. Milliseconds. */
  readonly interval: number;
  /** For one look; 30 s if left out. Milliseconds. */
  readonly timeout?: number;
  /** Looks once: all groups that are there now. Throws if that cannot be told. */
  read(signal: AbortSignal): Promise<readonly TargetGroup[]>;
}

/** A discovery that can be told that something has changed. */
export interface RefreshingDiscovery extends Discovery {
  /** Looks at once, or once more when it just does. */
  refresh(): void;
}

const TIMEOUT = 30_000;

/** Looks are spread by this share of the interval, so that many do not come at once. */
const SPREAD = 0.1;

/**
 * A discovery that looks at intervals, says what has changed, and keeps the last list when it fails.
 * `troubles` is left out where only a look as a whole can fail.
 */
export function createRefreshing(
  place: Refreshing,
  { logger }: Pick<DiscoveryContext, "logger">,
  troubles: Troubles = new Troubles(logger, { kind: place.kind, where: place.where }),
): RefreshingDiscovery {
  const { kind, where } = place;
  const ended = new AbortController();
  let waiting = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let last: readonly TargetGroup[] | undefined;
  let lastText = "";

  async function look(found: (groups: readonly TargetGroup[]) => void): Promise<void> {
    try {
      const groups = await inTime(place, ended.signal);
      if (ended.signal.aborted) return;
      troubles.succeeded(where);
      const text = JSON.stringify(groups);
      if (last !== undefined && text === lastText) return;
      [last, lastText] = [groups, text];
    } catch (error) {
      if (!ended.signal.aborted) troubles.failed(where, error);
      return;
    }
    found(last);
  }

  async function loop(found: (groups: readonly TargetGroup[]) => void): Promise<void> {
    while (!ended.signal.aborted) {
      waiting = new AbortController();
      await look(found);
      const pause = place.interval * (1 + SPREAD * (2 * Math.random() - 1));
      await nap(pause, AbortSignal.any([waiting.signal, ended.signal]));
    }
  }

  return {
    start(found) {
      running = loop(found);
    },
    refresh: () => waiting.abort(),
    state: () => ({
      kind,
      where,
      targets: (last ?? []).reduce((sum, { targets }) => sum + targets.length, 0),
      failures: troubles.failures,
      ...(troubles.message === undefined ? {} : { trouble: troubles.message }),
    }),
    async close() {
      ended.abort();
      await running;
    },
  };
}

/** One look; ends in time even if the place does not heed its signal. */
async function inTime(place: Refreshing, ended: AbortSignal): Promise<readonly TargetGroup[]> {
  const { timeout = TIMEOUT } = place;
  const late = new AbortController();
  const error = new Error(`no whole answer within ${timeout / 1000} s`);
  const timer = setTimeout(() => late.abort(error), timeout);
  const signal = AbortSignal.any([late.signal, ended]);
  const called = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([place.read(signal), called]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sleeps until the time is over or somebody calls. */
async function nap(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    // Node's timers hold no more than this, some 24 days.
    await sleep(Math.min(milliseconds, 2 ** 31 - 1), undefined, { signal, ref: false });
  } catch {
    // Called, which is as good as slept.
  }
}
