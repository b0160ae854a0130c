import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

import { timeOfDay } from "./format.ts";
import type { PollState } from "./use-poll.ts";

/** An answer older than this, in milliseconds, is no longer live. */
const LIVE = 3000;

/** Whether the numbers on the page are fresh. */
function isLive({ answeredAt }: PollState<unknown>, now: number): boolean {
  return answeredAt !== undefined && now - answeredAt < LIVE;
}

function tell(poll: PollState<unknown>, now: number): string {
  if (isLive(poll, now)) return "live";
  if (poll.answeredAt !== undefined) return `no answer since ${timeOfDay(poll.answeredAt)}`;
  return poll.failure === undefined ? "connecting…" : "no answer yet";
}

/** The dot that says whether the server answers. */
export function Status({ poll }: { readonly poll: PollState<unknown> }): VNode {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  // The clock ticks by itself; an answer between two ticks is newer than it.
  const live = isLive(poll, now);
  const state = live ? "live" : poll.failure === undefined ? "waiting" : "away";
  return (
    <p class="status" data-state={state} role="status" title={poll.failure}>
      <span class="dot" aria-hidden="true" />
      {tell(poll, now)}
    </p>
  );
}
