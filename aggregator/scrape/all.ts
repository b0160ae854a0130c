import type { JobKind } from "../jobs/job.ts";
import type { Target } from "../jobs/target.ts";
import { agentKind } from "./agent.ts";
import { expositionKind } from "./exposition/exposition.ts";
import type { Asker, ScrapeKind, ScrapeTools } from "./kind.ts";
import { openUnknown } from "./unknown-kind.ts";

/** Every way of scraping. A kubelet shows its containers as cAdvisor does, on a page. */
const kinds: Readonly<Record<JobKind, ScrapeKind>> = {
  agent: agentKind,
  exposition: expositionKind,
  kubelet: expositionKind,
};

/** Makes what asks a target, by the kind of its job. */
export function openTarget(target: Target, tools: ScrapeTools): Asker {
  const { kind } = target.job;
  if (kind !== undefined) return kinds[kind].open(target, tools);
  return openUnknown(target, tools, kinds);
}

/** Milliseconds for which a target keeps what was not fetched. */
export function keptBy({ job }: Target): number {
  return job.kind === undefined ? 0 : kinds[job.kind].keeps;
}
