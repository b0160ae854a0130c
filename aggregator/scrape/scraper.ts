import { messageOf } from "../../lib/errors.ts";
import type { Target } from "../jobs/target.ts";
import { type FailureReason, ScrapeError } from "./failure.ts";
import type { Asker, Came, ScrapeTools } from "./kind.ts";
import { LONGEST_PAUSE_MS } from "./schedule.ts";
import { endOf, scrapedOf } from "./series/report.ts";
import type { Scraped, SeriesSink } from "./series/scraped.ts";
import type { Slots } from "./slots.ts";
import { failed, succeeded, type TargetState, untried } from "./target-state.ts";

/** What keeps one target from hurting the others. */
export interface Turns {
  /** For those whose last answer was good. */
  readonly proven: Slots;
  /** For all others, who may take up all their time. */
  readonly trial: Slots;
}

/** What asking a target needs besides its kind. */
export interface ScraperOptions extends Pick<ScrapeTools, "counters" | "clock" | "logger"> {
  readonly sink: SeriesSink;
  readonly turns: Turns;
}

/** A clock that is off by more is worth a word to the operator. Milliseconds. */
const CLOCKS_DIFFER = 5000;

/** Asks one target, and says how that goes. */
export class Scraper {
  state: TargetState;
  readonly target: Target;
  readonly #asker: Asker;
  readonly #options: ScraperOptions;
  #last: Scraped | undefined;

  constructor(target: Target, asker: Asker, options: ScraperOptions) {
    this.target = target;
    this.state = untried(target);
    this.#asker = asker;
    this.#options = options;
  }

  /**
   * Asks once and takes the answer in.
   * @param due when its turn was, on the monotonic clock
   * @returns the failures since the last good answer
   */
  async scrape(signal: AbortSignal, due: number): Promise<number> {
    const leave = await this.#asker.enter?.(signal);
    try {
      return await this.#inTurn(signal, due);
    } finally {
      leave?.();
    }
  }

  async #inTurn(signal: AbortSignal, due: number): Promise<number> {
    const { turns } = this.#options;
    const isProven = this.state.health === "up";
    const slots = isProven ? turns.proven : turns.trial;
    // Whoever waits for a slot costs less than who is told each time that there is none.
    const patience = Math.max(this.target.scrapeTimeout, LONGEST_PAUSE_MS);
    const release = await slots.take(new URL(this.state.url).host, patience, signal);
    if (signal.aborted) {
      release?.();
      return this.state.failures;
    }
    try {
      const lateness = Math.max(0, this.#options.clock.monotonic() - due);
      if (isProven) this.#options.counters.late(lateness);
      await this.#scrape(release !== undefined, signal);
      this.state = { ...this.state, lateness };
    } finally {
      release?.();
    }
    return this.state.failures;
  }

  /** It is not asked any more: another target may speak for its node, and its series end. */
  close(): void {
    this.#asker.close();
    if (this.#last === undefined) return;
    this.#options.sink.take(endOf(this.#last, Math.round(this.#options.clock.now())));
  }

  async #scrape(hasTurn: boolean, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const begun = clock.monotonic();
    const time = Math.round(clock.now());
    try {
      if (!hasTurn) throw crowded(this.target);
      const came = await this.#asker.scrape(signal);
      if (signal.aborted) return;
      this.#succeed(came, time, clock.monotonic() - begun);
    } catch (error) {
      // Whoever ends the program is no failure of the target's.
      if (!signal.aborted) this.#fail(error, time, clock.monotonic() - begun);
    }
  }

  #succeed(came: Came, time: number, duration: number): void {
    const { clock, logger, counters } = this.#options;
    const { node, gap, clockDifference } = came;
    const before = this.state;
    const { url } = before;
    this.state = succeeded(before, came, { time: clock.now(), duration });
    counters.succeeded(came);
    this.#report(time, duration, came);
    if (before.health === "down") logger.info({ url, node }, "a target is back");
    if (gap !== undefined) {
      const [start, end] = [gap.start, gap.end].map((at) => new Date(at).toISOString());
      logger.warn({ node, start, end, cause: gap.cause }, "samples of a node are missing");
    }
    if (differs(clockDifference) && !differs(before.clockDifference)) {
      const seconds = Math.round((clockDifference ?? 0) / 1000);
      logger.info({ url, node, seconds }, "a target's clock differs from ours");
    }
  }

  #fail(error: unknown, time: number, duration: number): void {
    const { clock, logger, counters } = this.#options;
    const reason: FailureReason = error instanceof ScrapeError ? error.reason : "bug";
    const { url, health } = this.state;
    counters.failed(reason);
    if (reason === "bug") logger.error({ url, err: error }, "BUG: cannot take an answer in");
    else if (health !== "down") {
      // Those who take up the slots are told of; ten thousand lines for who waits would hide them.
      const level = reason === "crowded" ? "debug" : "warn";
      logger[level]({ url, reason, err: error }, "cannot ask a target");
    }
    this.state = failed(this.state, { reason, message: messageOf(error) }, clock.now(), duration);
    this.#report(time, duration, undefined);
  }

  #report(time: number, duration: number, came: Came | undefined): void {
    const { target } = this;
    const isUp = came !== undefined;
    const samples = came?.samples ?? 0;
    const page = came?.page === undefined ? {} : { page: came.page };
    this.#last = scrapedOf({ target, time, isUp, duration, samples, ...page }, this.#last);
    this.#options.sink.take(this.#last);
  }
}

function differs(clockDifference: number | undefined): boolean {
  return Math.abs(clockDifference ?? 0) > CLOCKS_DIFFER;
}

function crowded({ url }: Target): ScrapeError {
  return new ScrapeError(
    "crowded",
    `no turn in time: too many targets at ${new URL(url).host}, or in all, do not answer`,
  );
}
