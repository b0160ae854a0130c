import type { Target } from "../../jobs/target.ts";
import { CadvisorContainers } from "../cadvisor/containers.ts";
import { CadvisorPage } from "../cadvisor/page.ts";
import { ScrapeError } from "../failure.ts";
import type { Asker, Came, ScrapeKind, ScrapeTools } from "../kind.ts";
import type { Speaker } from "../owners.ts";
import type { ReadPage } from "./read-page.ts";
import { readPage } from "./read-page.ts";

/** What of a page became containers. */
type Containers = Pick<Came, "node" | "containers" | "gap" | "note">;

/** Asks one endpoint for its page of metrics; containers on it, as cAdvisor shows them, join the model. */
class PageAsker implements Asker, Speaker {
  readonly url: string;
  isUp = false;
  readonly #target: Target;
  readonly #tools: ScrapeTools;
  readonly #containers: CadvisorContainers;

  constructor(target: Target, tools: ScrapeTools) {
    this.url = target.url;
    this.#target = target;
    this.#tools = tools;
    this.#containers = new CadvisorContainers(nodeOf(target), target.scrapeInterval);
  }

  async scrape(signal: AbortSignal): Promise<Came> {
    try {
      const came = await this.#scrape(signal);
      this.isUp = true;
      return came;
    } catch (error) {
      if (!signal.aborted) this.isUp = false;
      throw error;
    }
  }

  close(): void {
    this.#tools.owners.release(this.#containers.node, this);
  }

  async #scrape(signal: AbortSignal): Promise<Came> {
    const { peer, clock, counters, seriesRoom } = this.#tools;
    const target = this.#target;
    const time = Math.round(clock.now());
    const found = new CadvisorPage();
    const context = {
      target,
      time,
      room: seriesRoom(target),
      each: found.take.bind(found),
    };
    const read = await readPage((url, options) => peer.request(url, options), context, signal);
    counters.dropped(read.dropped);
    const { page, clockDifference } = read;
    const difference = clockDifference === undefined ? {} : { clockDifference };
    const containers = this.#takeContainers(found, read);
    return { kind: "exposition", samples: page.scraped, page, ...containers, ...difference };
  }

  #takeContainers(found: CadvisorPage, { dropped }: ReadPage): Containers {
    const note = dropped.malformed > 0 ? { note: `${dropped.malformed} lines are malformed` } : {};
    const { cluster, deliver, owners, clock } = this.#tools;
    const feed = this.#containers.feedOf(found);
    if (feed === undefined) return { containers: 0, ...note };
    try {
      owners.claim(feed.head.node, this);
    } catch (error) {
      // Its series are good all the same.
      if (error instanceof ScrapeError) return { containers: 0, note: error.message };
      throw error;
    }
    const { batch, gap } = cluster.apply(feed, clock.now());
    deliver(batch);
    const { node } = feed.head;
    const containers = found.containers.length;
    return { node, containers, ...(gap === undefined ? {} : { gap }), ...note };
  }
}

/** The node that a target's containers are on. */
function nodeOf({ labels, url }: Target): string {
  return labels["node"] ?? labels["instance"] ?? new URL(url).host;
}

/** Any endpoint with a page in Prometheus's text format or OpenMetrics. */
export const expositionKind: ScrapeKind = {
  kind: "exposition",
  keeps: 0,
  open: (target, tools) => new PageAsker(target, tools),
};
