import type { Clock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Batch } from "../model/batch.ts";
import type { Applied, Cluster } from "../model/cluster.ts";
import type { Feed } from "../model/feed.ts";
import type { ScrapeCounters } from "./counters.ts";
import { type FailureReason, ScrapeError } from "./failure.ts";
import type { ReadFeed } from "./read-feed.ts";
import { failed, succeeded, type TargetState, untried } from "./target-state.ts";

/** What asking agents needs. */
export interface ScraperOptions {
  readonly read: ReadFeed;
  readonly cluster: Cluster;
  /** Takes what is new, to keep it. */
  readonly deliver: (batch: Batch) => void;
  readonly counters: ScrapeCounters;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Which target speaks for a node, so that two agents of one name are not mixed up. */
export type Owners = Map<string, Scraper>;

/** Asks one agent. */
export class Scraper {
  state: TargetState;
  readonly #options: ScraperOptions;
  readonly #owners: Owners;
  /** Not kept over a restart: the agent's whole minute then fills the live window again. */
  #cursor: string | undefined;

  constructor(url: string, owners: Owners, options: ScraperOptions) {
    this.state = untried(url);
    this.#owners = owners;
    this.#options = options;
  }

  /** Asks once and takes the answer in. Answers the failures since the last good answer. */
  async scrape(signal: AbortSignal): Promise<number> {
    const { clock, counters } = this.#options;
    const begun = clock.monotonic();
    try {
      const feed = await this.#read(signal);
      this.#claim(feed.head.node);
      const applied = this.#take(feed);
      counters.succeeded(feed.head.node, applied);
      this.#succeed(feed, applied, clock.monotonic() - begun);
    } catch (error) {
      // Whoever ends the program is no failure of the agent's.
      if (!signal.aborted) this.#fail(error, clock.monotonic() - begun);
    }
    return this.state.failures;
  }

  /** Lets another target speak for its node. */
  close(): void {
    const { node } = this.state;
    if (node !== undefined && this.#owners.get(node) === this) this.#owners.delete(node);
  }

  async #read(signal: AbortSignal): Promise<Feed> {
    const { read, cluster } = this.#options;
    const { url } = this.state;
    const feed = await read(url, this.#cursor, signal);
    if (this.#cursor === undefined || cluster.strangersIn(feed).length === 0) return feed;
    // It believes that we know containers which we have let go of, so we begin anew.
    this.#cursor = undefined;
    return read(url, undefined, signal);
  }

  /** A node belongs to the target that spoke for it first, as long as that one answers. */
  #claim(node: string): void {
    const owner = this.#owners.get(node);
    if (owner !== undefined && owner !== this && owner.state.health === "up") {
      throw new ScrapeError(
        "same_node",
        `calls itself ${node}, as ${owner.state.url} does; give each agent its own --node`,
      );
    }
    if (this.state.node !== node) this.close();
    this.#owners.set(node, this);
  }

  #take(feed: Feed): Applied {
    const { cluster, deliver, clock } = this.#options;
    const applied = cluster.apply(feed, clock.now());
    deliver(applied.batch);
    this.#cursor = feed.head.cursor;
    return applied;
  }

  #succeed(feed: Feed, applied: Applied, duration: number): void {
    const { clock, logger } = this.#options;
    const { node } = feed.head;
    const { gap, samples } = applied;
    if (this.state.health === "down")
      logger.info({ url: this.state.url, node }, "an agent is back");
    if (gap !== undefined) {
      const [start, end] = [gap.start, gap.end].map((time) => new Date(time).toISOString());
      logger.warn({ node, start, end }, "samples of a node are missing");
    }
    const containers = feed.lines.length;
    const time = clock.now();
    this.state = succeeded(this.state, {
      node,
      time,
      duration,
      samples,
      containers,
      ...(gap === undefined ? {} : { gap }),
    });
  }

  #fail(error: unknown, duration: number): void {
    const { clock, logger, counters } = this.#options;
    const reason: FailureReason = error instanceof ScrapeError ? error.reason : "bug";
    const { url, health } = this.state;
    counters.failed(reason);
    if (reason === "bug") logger.error({ url, err: error }, "BUG: cannot take an answer in");
    else if (health !== "down") logger.warn({ url, reason, err: error }, "cannot ask an agent");
    this.state = failed(this.state, { reason, message: messageOf(error) }, clock.now(), duration);
  }
}
