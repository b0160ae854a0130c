import type { JobKind } from "../../jobs/job.ts";
import type { Target } from "../../jobs/target.ts";
import type { Request } from "../ask-target.ts";
import { CadvisorContainers } from "../cadvisor/containers.ts";
import { CadvisorPage } from "../cadvisor/page.ts";
import { ScrapeError } from "../failure.ts";
import type { Asker, Came, ScrapeKind, ScrapeTools } from "../kind.ts";
import type { Speaker } from "../owners.ts";
import type { PageContext } from "./page-reader.ts";
import { type ReadPage, readPage } from "./read-page.ts";

/** What of a page became containers. */
type Containers = Pick<Came, "node" | "containers" | "gap" | "note">;

/** Asks one endpoint for its page of metrics; containers on it, as cAdvisor shows them, join the model. */
class PageAsker implements Asker, Speaker {
  readonly url: string;
  isUp = false;
  readonly #kind: JobKind;
  readonly #target: Target;
  readonly #tools: ScrapeTools;
  readonly #containers: CadvisorContainers;

  constructor(kind: JobKind, target: Target, tools: ScrapeTools) {
    this.url = target.url;
    this.#kind = kind;
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
    const { clock, counters } = this.#tools;
    const target = this.#target;
    const time = Math.round(clock.now());
    const found = new CadvisorPage();
    const read = await this.#read({ target, time, each: found.take.bind(found) }, signal);
    counters.dropped(read.dropped);
    const { page, clockDifference } = read;
    const difference = clockDifference === undefined ? {} : { clockDifference };
    const containers = this.#takeContainers(found, read);
    return { kind: this.#kind, samples: page.scraped, page, ...containers, ...difference };
  }

  /** The room that the series take while they are read is the store's own once they are in it. */
  async #read(of: Omit<PageContext, "room">, signal: AbortSignal): Promise<ReadPage> {
    const { peer, seriesRoom } = this.#tools;
    const room = seriesRoom(of.target);
    try {
      const ask: Request = (url, options) => peer.request(url, options);
      return await readPage(ask, { ...of, room }, signal);
    } finally {
      room.giveBack();
    }
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
  open: (target, tools) => new PageAsker("exposition", target, tools),
};

/** A kubelet's page, on which its containers stand as on cAdvisor's. */
export const kubeletKind: ScrapeKind = {
  kind: "kubelet",
  keeps: 0,
  open: (target, tools) => new PageAsker("kubelet", target, tools),
};
