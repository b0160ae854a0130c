import { LONGEST_AGENT_INTERVAL } from "../jobs/job.ts";
import type { Target } from "../jobs/target.ts";
import type { Applied } from "../model/cluster.ts";
import type { Feed } from "../model/feed.ts";
import type { Asker, Came, ScrapeKind, ScrapeTools } from "./kind.ts";
import type { Speaker } from "./owners.ts";
import { createReadFeed, type ReadFeed, type ReadFeedAnswer } from "./read-feed.ts";

/** Agents keep a minute: what is asked for again within it loses nothing. */
const KEPT_MS = 60_000;

/** So long an agent can be left alone besides its interval without anything being lost. */
const PATIENCE_MS = KEPT_MS - LONGEST_AGENT_INTERVAL;

/** Where an agent answers, from where its metrics are: its feed stands beside them. */
export function agentBase(url: string): string {
  return new URL(".", url).href.replace(/\/+$/u, "");
}

/** Asks one agent for its feed. */
export class AgentAsker implements Asker, Speaker {
  readonly url: string;
  isUp = false;
  readonly #read: ReadFeed;
  readonly #tools: ScrapeTools;
  #node: string | undefined;
  /**
   * Not kept over a restart: the agent's whole minute then fills the live window again. What of it is
   * stored already the cluster knows by the history's cursor.
   */
  #cursor: string | undefined;
  /** Samples that the last good answer brought. */
  #samples: number | undefined;

  constructor(url: string, read: ReadFeed, tools: ScrapeTools) {
    this.url = url;
    this.#read = read;
    this.#tools = tools;
  }

  async enter(signal: AbortSignal): Promise<() => void> {
    const isFirst = this.#samples === undefined;
    const leave = await this.#tools.intake.enter(this.#samples, PATIENCE_MS, signal);
    return () => leave(isFirst ? this.#samples : undefined);
  }

  async scrape(signal: AbortSignal): Promise<Came> {
    try {
      const answer = await this.#ask(signal);
      const { node } = answer.head;
      this.#tools.owners.claim(node, this);
      if (this.#node !== node) this.close();
      this.#node = node;
      const applied = this.#take(answer);
      this.isUp = true;
      this.#samples = applied.samples;
      return cameOf(answer, applied);
    } catch (error) {
      if (!signal.aborted) this.isUp = false;
      throw error;
    }
  }

  close(): void {
    this.#tools.owners.release(this.#node, this);
  }

  async #ask(signal: AbortSignal): Promise<ReadFeedAnswer> {
    const feed = await this.#read(this.url, this.#cursor, signal);
    if (this.#cursor === undefined) return feed;
    if (this.#tools.cluster.strangersIn(feed).length === 0) return feed;
    // It believes that we know containers which we have let go of, so we begin anew.
    this.#cursor = undefined;
    return this.#read(this.url, undefined, signal);
  }

  #take(feed: Feed): Applied {
    const { cluster, deliver, clock } = this.#tools;
    const applied = cluster.apply(feed, clock.now());
    deliver(applied.batch);
    this.#cursor = feed.head.cursor;
    return applied;
  }
}

function cameOf({ head, lines, clockDifference }: ReadFeedAnswer, applied: Applied): Came {
  return {
    kind: "agent",
    node: head.node,
    samples: applied.samples,
    containers: lines.length,
    ...(applied.gap === undefined ? {} : { gap: applied.gap }),
    ...(clockDifference === undefined ? {} : { clockDifference }),
  };
}

/** Our own agents, second by second. */
export const agentKind: ScrapeKind = {
  kind: "agent",
  keeps: KEPT_MS,
  open({ url, scrapeTimeout }: Target, tools: ScrapeTools): AgentAsker {
    const { peer, clock } = tools;
    const read = createReadFeed(
      scrapeTimeout,
      (to, options) => peer.request(to, options),
      () => clock.now(),
    );
    return new AgentAsker(agentBase(url), read, tools);
  },
};
