import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { Refused, RetryLater, type Sink } from "../sink.ts";
import { backOff, type BackOffLimits } from "./back-off.ts";
import { pointsOf } from "./due.ts";
import type { Lent, Queue } from "./queue.ts";
import type { RefusedParcels } from "./refused.ts";

/** How long things may take, in milliseconds. */
export interface FeederTimes {
  /** A request. */
  readonly timeout: number;
  /** Between attempts. */
  readonly wait: BackOffLimits;
  /** For the request that is under way when the program ends. */
  readonly farewell: number;
}

/** What a feeder needs. */
export interface FeederOptions {
  readonly queue: Queue;
  readonly refused: RefusedParcels;
  readonly logger: Logger;
  readonly times?: FeederTimes;
}

const TIMES: FeederTimes = {
  timeout: 30_000,
  wait: { least: 30, most: 30_000 },
  farewell: 2000,
};
/** No store makes us wait for longer than this at a time. */
const MOST_ASKED_WAIT_MS = 300_000;
/** So many parcels are joined at most. */
const MOST_PARCELS = 10_000;

/** Sends what waits for one sink: in order, one request at a time, again until it went well. */
export class Feeder {
  sentPoints = 0;
  failures = 0;
  /** Why the last request failed. */
  trouble: string | undefined;
  readonly #sink: Sink;
  readonly #options: FeederOptions;
  readonly #times: FeederTimes;
  /** No request is begun any more. */
  readonly #closing = new AbortController();
  /** What is under way is given up. */
  readonly #ending = new AbortController();
  #failuresInRow = 0;
  /** Somebody waits until nothing can be sent any more. */
  #onRest: () => void = () => undefined;
  /** How many of the next parcels were in a request that was refused, and how many of them go together. */
  #suspects = 0;
  #together = MOST_PARCELS;
  #wake: () => void = () => undefined;
  #isDue = false;
  readonly #ended: Promise<void>;

  constructor(sink: Sink, options: FeederOptions) {
    this.#sink = sink;
    this.#options = options;
    const { timeoutMs: timeout = TIMES.timeout, backOff: wait = TIMES.wait } = sink;
    this.#times = options.times ?? { ...TIMES, timeout, wait };
    options.queue.onMore(() => this.#kick());
    this.#ended = this.#run();
  }

  /** Resolves when nothing waits any more, the store does not take it, or after a moment. */
  async drain(): Promise<void> {
    if (this.trouble !== undefined) return;
    const timer = setTimeout(() => this.#onRest(), this.#times.farewell);
    await new Promise<void>((resolve) => {
      this.#onRest = resolve;
      this.#kick();
    });
    clearTimeout(timer);
  }

  /** Lets the request that is under way end, for a moment; what waits stays in the queue. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#kick();
    const timer = setTimeout(() => this.#ending.abort(), this.#times.farewell);
    await this.#ended;
    clearTimeout(timer);
  }

  #kick(): void {
    this.#isDue = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#isDue = false;
      // oxlint-disable-next-line no-await-in-loop
      const wait = await this.#step();
      if (wait === undefined ? !this.#isDue : wait > 0) this.#onRest();
      // oxlint-disable-next-line no-await-in-loop
      if (wait === undefined) await this.#more();
      // oxlint-disable-next-line no-await-in-loop
      else if (wait > 0) await this.#pause(wait);
    }
  }

  /** Sends once; answers the milliseconds until the next attempt, undefined if nothing waits. */
  async #step(): Promise<number | undefined> {
    const { queue } = this.#options;
    try {
      const lent = await queue.lend(this.#sink.mostBytes, this.#together);
      if (lent === undefined) return undefined;
      let done = 0;
      try {
        done = await this.#send(lent);
      } finally {
        await queue.done(lent, done);
      }
      return 0;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Answers how many parcels are done with: all, or none if some of them are bad. */
  async #send({ records }: Lent): Promise<number> {
    try {
      await this.#sendWithin(records.map(({ body }) => body));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.#refuse(records, error);
    }
    this.sentPoints += pointsOf(records);
    this.#wentWell();
    this.#cleared(records.length);
    return records.length;
  }

  /** Halves what is sent together until the bad one is alone. */
  async #refuse(records: Lent["records"], error: Refused): Promise<number> {
    const [first] = records;
    this.#failuresInRow = 0;
    if (records.length > 1 || first === undefined) {
      this.#suspects = Math.max(this.#suspects, records.length);
      this.#together = Math.ceil(records.length / 2);
      return 0;
    }
    this.trouble = messageOf(error);
    await this.#options.refused.add(first, this.trouble);
    this.#cleared(1);
    return 1;
  }

  #cleared(count: number): void {
    this.#suspects = Math.max(0, this.#suspects - count);
    this.#together = this.#suspects === 0 ? MOST_PARCELS : this.#suspects;
  }

  /** A sink that does not heed the signal is not waited for either. */
  async #sendWithin(bodies: readonly Uint8Array[]): Promise<void> {
    const { timeout } = this.#times;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    this.#ending.signal.addEventListener("abort", end);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end();
    }, timeout);
    const given = new Promise<never>((_, reject) => {
      ending.signal.addEventListener("abort", () => {
        reject(new Error(isLate ? `no answer within ${timeout / 1000} s` : "the program ends"));
      });
    });
    try {
      await Promise.race([this.#sink.send(bodies, ending.signal), given]);
    } finally {
      clearTimeout(timer);
      this.#ending.signal.removeEventListener("abort", end);
    }
  }

  #wentWell(): void {
    if (this.trouble !== undefined) {
      this.#options.logger.info("the store takes what is sent again");
    }
    this.trouble = undefined;
    this.#failuresInRow = 0;
  }

  #fail(error: unknown): number {
    if (this.#ending.signal.aborted) return 0;
    this.failures++;
    this.#failuresInRow++;
    const cause = messageOf(error);
    if (this.trouble === undefined) {
      this.#options.logger.warn(
        { cause },
        "cannot send to a store; it is tried again, what comes waits",
      );
    }
    this.trouble = cause;
    const wait = backOff(this.#times.wait, this.#failuresInRow, Math.random());
    if (!(error instanceof RetryLater)) return wait;
    return Math.max(wait, Math.min(error.afterMs, MOST_ASKED_WAIT_MS));
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#closing;
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  }

  async #more(): Promise<void> {
    if (this.#isDue) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
