import { openPeer, type Peer } from "../../lib/http/peer.ts";
import type { Job } from "../jobs/job.ts";
import type { Target } from "../jobs/target.ts";
import { openTarget, paceOf } from "./all.ts";
import { Intake } from "./intake.ts";
import type { ScrapeTools } from "./kind.ts";
import { Owners } from "./owners.ts";
import { runSchedule } from "./schedule.ts";
import { Scraper, type Turns } from "./scraper.ts";
import { keyOf, type Scraped, type SeriesSink } from "./series/scraped.ts";
import type { SeriesStore } from "./series/series-store.ts";
import { Slots } from "./slots.ts";
import type { TargetState } from "./target-state.ts";

/** What asking all targets needs. */
export interface TargetsOptions extends Pick<
  ScrapeTools,
  "cluster" | "deliver" | "counters" | "clock" | "logger"
> {
  /** Keeps the newest series of each target. */
  readonly series: SeriesStore;
  /** Sends the series of each scrape on. */
  readonly send: (scraped: Scraped) => void;
  /** How many samples `deliver` can take now. */
  readonly free: () => number;
}

interface Running {
  readonly scraper: Scraper;
  readonly stop: AbortController;
  readonly peer: string;
  ended: Promise<void>;
}

/** Made once, as thousands may end at the same time. */
const ENDED = new Error("it is not asked any more");

/** How many are asked at once: all together, of one host; then the same for those who have not answered. */
const PROVEN = [512, 64] as const;
const TRIAL = [128, 16] as const;

/** The targets that are asked, each on a schedule of its own. */
export class Targets {
  readonly #options: TargetsOptions;
  readonly #running = new Map<string, Running>();
  readonly #sink: SeriesSink;
  readonly #owners = new Owners();
  readonly #intake: Intake;
  readonly #turns: Turns = { proven: new Slots(...PROVEN), trial: new Slots(...TRIAL) };
  /** One for each way of speaking to somebody. */
  readonly #peers = new Map<string, Peer>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: TargetsOptions) {
    this.#options = options;
    this.#intake = new Intake(options.free);
    this.#sink = {
      take(scraped) {
        options.series.take(scraped);
        options.send(scraped);
      },
    };
  }

  /** Asks these targets from now on, and no others; one that is as it was goes on. */
  set(targets: readonly Target[]): void {
    const wanted = new Map(
      targets.map((target) => [`${target.url}\n${keyOf(target.labels)}`, target]),
    );
    for (const [key, running] of this.#running) {
      const target = wanted.get(key);
      if (target !== undefined && isScrapedAlike(running.scraper.target, target)) continue;
      this.#end(running);
      this.#running.delete(key);
    }
    for (const [key, target] of wanted) {
      if (!this.#running.has(key)) this.#running.set(key, this.#start(target));
    }
    this.#closePeers();
  }

  /** How it goes with each. */
  states(): TargetState[] {
    return [...this.#running.values()].map(({ scraper }) => scraper.state);
  }

  /** Each with how it goes with it. */
  asked(): { readonly target: Target; readonly state: TargetState }[] {
    return [...this.#running.values()].map(({ scraper: { target, state } }) => ({ target, state }));
  }

  /** Ends all schedules. */
  async close(): Promise<void> {
    this.set([]);
    await Promise.all(this.#ending);
  }

  #start(target: Target): Running {
    const { series, counters, clock, logger, cluster, deliver } = this.#options;
    const stop = new AbortController();
    const peer = JSON.stringify(target.job.peer);
    const asker = openTarget(target, {
      peer: this.#peerOf(peer, target.job),
      owners: this.#owners,
      seriesRoom: (of) => series.room(of),
      cluster,
      deliver,
      intake: this.#intake,
      counters,
      clock,
      logger,
    });
    const turns = this.#turns;
    const sink = this.#sink;
    const scraper = new Scraper(target, asker, { sink, turns, counters, clock, logger });
    const ended = runSchedule(
      {
        name: target.url,
        clock,
        pace: () => paceOf(target, scraper.state.kind),
        ask: (signal, due) => scraper.scrape(signal, due),
      },
      stop.signal,
    );
    return { scraper, stop, peer, ended };
  }

  #end({ scraper, stop, ended }: Running): void {
    stop.abort(ENDED);
    scraper.close();
    this.#options.series.forget(scraper.target);
    const done = ended.finally(() => this.#ending.delete(done));
    this.#ending.add(done);
  }

  #peerOf(key: string, { peer: settings }: Job): Peer {
    const peer = this.#peers.get(key) ?? openPeer(settings);
    this.#peers.set(key, peer);
    return peer;
  }

  #closePeers(): void {
    const used = new Set([...this.#running.values()].map(({ peer }) => peer));
    for (const [key, peer] of this.#peers) {
      if (used.has(key)) continue;
      peer.close();
      this.#peers.delete(key);
    }
  }
}

/** Whether two targets of one address and labels are also asked in the same way. */
function isScrapedAlike(one: Target, other: Target): boolean {
  if (one.scrapeInterval !== other.scrapeInterval || one.scrapeTimeout !== other.scrapeTimeout) {
    return false;
  }
  return one.job === other.job || scrapingOf(one.job) === scrapingOf(other.job);
}

/** By job, as it may have ten thousand targets. */
const scrapings = new WeakMap<Job, string>();

/** What of a job its targets are asked by. */
function scrapingOf(job: Job): string {
  const known = scrapings.get(job) ?? describe(job);
  scrapings.set(job, known);
  return known;
}

function describe(job: Job): string {
  const { name, kind, honorLabels, honorTimestamps, peer, limits, externalLabels, metricRelabel } =
    job;
  // Compiled expressions hold functions; their source says the same.
  const rules = metricRelabel.map((rule) => ({ ...rule, regex: rule.regex.source }));
  const asked = { kind, honorLabels, honorTimestamps, peer, limits, metricRelabel: rules };
  return JSON.stringify({ name, externalLabels, ...asked });
}
