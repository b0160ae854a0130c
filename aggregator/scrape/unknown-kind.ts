import type { Target } from "../jobs/target.ts";
import { ScrapeError } from "./failure.ts";
import type { Asker, Came, ScrapeKind, ScrapeTools } from "./kind.ts";

/** Answers to a question for the feed that say: this is no agent. */
const IS_NO_AGENT: ReadonlySet<string> = new Set(["status", "not_a_feed"]);

/**
 * A target that is asked what it is: who answers with a feed is an agent, everybody else has a page.
 * What was found out counts until the target fails; it may have been replaced by then.
 */
export function openUnknown(
  target: Target,
  tools: ScrapeTools,
  { agent, exposition }: { readonly agent: ScrapeKind; readonly exposition: ScrapeKind },
): Asker {
  const asAgent = agent.open(target, tools);
  const asPage = exposition.open(target, tools);
  let known: Asker | undefined;

  async function findOut(signal: AbortSignal): Promise<Came> {
    try {
      const came = await asAgent.scrape(signal);
      known = asAgent;
      return came;
    } catch (error) {
      if (!(error instanceof ScrapeError) || !IS_NO_AGENT.has(error.reason)) throw error;
    }
    const came = await asPage.scrape(signal);
    known = asPage;
    return came;
  }

  return {
    async enter(signal) {
      if (known === asPage) return () => undefined;
      return (await asAgent.enter?.(signal)) ?? (() => undefined);
    },
    async scrape(signal) {
      const asked = known;
      known = undefined;
      if (asked === undefined) return findOut(signal);
      const came = await asked.scrape(signal);
      known = asked;
      return came;
    },
    close() {
      asAgent.close();
      asPage.close();
    },
  };
}
