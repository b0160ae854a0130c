import { type JobKind, LONGEST_AGENT_INTERVAL } from "../jobs/job.ts";
import type { Target } from "../jobs/target.ts";
import { agentKind } from "./agent.ts";
import { expositionKind, kubeletKind } from "./exposition/exposition.ts";
import type { Asker, ScrapeKind, ScrapeTools } from "./kind.ts";
import type { Pace } from "./schedule.ts";
import { openUnknown } from "./unknown-kind.ts";

/** Every way of scraping. */
const kinds: Readonly<Record<JobKind, ScrapeKind>> = {
  agent: agentKind,
  exposition: expositionKind,
  kubelet: kubeletKind,
};

/** Makes what asks a target, by the kind of its job. */
export function openTarget(target: Target, tools: ScrapeTools): Asker {
  const { kind } = target.job;
  if (kind !== undefined) return kinds[kind].open(target, tools);
  return openUnknown(target, tools, kinds);
}

/**
 * How often a target is asked, by what its job says it is or it has turned out to be: as configured,
 * but who keeps only so much is asked before that is over.
 */
export function paceOf({ job, scrapeInterval }: Target, found: JobKind | undefined): Pace {
  const kind = job.kind ?? found;
  if (kind === undefined) return { interval: scrapeInterval, keeps: 0 };
  const { keeps } = kinds[kind];
  const longest = keeps === 0 ? scrapeInterval : LONGEST_AGENT_INTERVAL;
  return { interval: Math.min(scrapeInterval, longest), keeps };
}
