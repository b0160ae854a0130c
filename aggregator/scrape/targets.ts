import type { Target } from "../discovery/discovery.ts";
import { runSchedule } from "./schedule.ts";
import { type Owners, Scraper, type ScraperOptions } from "./scraper.ts";
import type { TargetState } from "./target-state.ts";

/** What asking all agents needs. */
export interface TargetsOptions extends ScraperOptions {
  /** Milliseconds between two questions to the same agent. */
  readonly interval: number;
}

interface Running {
  readonly scraper: Scraper;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** The agents that are asked, each on a schedule of its own. */
export class Targets {
  readonly #options: TargetsOptions;
  readonly #running = new Map<string, Running>();
  readonly #owners: Owners = new Map();

  constructor(options: TargetsOptions) {
    this.#options = options;
  }

  /** Asks these agents from now on, and no others. */
  set(targets: readonly Target[]): void {
    const wanted = new Set(targets.map(({ url }) => url));
    for (const [url, running] of this.#running) {
      if (wanted.has(url)) continue;
      running.stop.abort();
      running.scraper.close();
      this.#running.delete(url);
    }
    for (const url of wanted) if (!this.#running.has(url)) this.#running.set(url, this.#start(url));
  }

  /** How it goes with each. */
  states(): TargetState[] {
    return [...this.#running.values()].map(({ scraper }) => scraper.state);
  }

  /** Ends all schedules. */
  async close(): Promise<void> {
    const ending = [...this.#running.values()].map(({ ended }) => ended);
    this.set([]);
    await Promise.all(ending);
  }

  #start(url: string): Running {
    const stop = new AbortController();
    const scraper = new Scraper(url, this.#owners, this.#options);
    const { interval, clock } = this.#options;
    const ask = (signal: AbortSignal): Promise<number> => scraper.scrape(signal);
    return { scraper, stop, ended: runSchedule({ url, interval, clock, ask }, stop.signal) };
  }
}
