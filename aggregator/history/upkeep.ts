import { schedule, type ScheduledTask } from "node-cron";

import type { Logger } from "../../lib/log.ts";
import type { Database } from "./duckdb-file.ts";
import { forgetEventsBefore } from "./events.ts";
import { writeHeld } from "./held.ts";
import { checkpoint, forgetContainers, retire, retireOldest, usedBytes } from "./retire.ts";
import { newestTime, rollPiece } from "./roll.ts";
import type { TierSetting } from "./tiers.ts";

/** What the upkeep of a history needs. */
export interface UpkeepOptions {
  /** The database as it is now; it may be opened again in between. */
  readonly database: () => Database;
  /** Runs something while nothing else writes. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly tiers: readonly TierSetting[];
  /** Milliseconds. */
  readonly eventsRetention: number;
  /** Bytes that the file may have in use; undefined = any number. */
  readonly maxBytes: number | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Agents hand in at least each minute; what is younger is not rolled up yet, as more may come. */
const LAG_MS = 120_000;

/** Room comes free by groups of some 120,000 rows, so not each time that some are removed. */
const MOST_IN_VAIN = 5;

// Cron patterns. Retention runs at odd minutes, not to meet the others.
const ROLL_AT = "* * * * *";
const CHECKPOINT_AT = "*/5 * * * *";
const RETIRE_AT = "7-57/10 * * * *";
const CONTAINERS_AT = "17 * * * *";

/** What is done to a history from time to time, in small pieces between the writes. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #tasks: ScheduledTask[] = [];
  #isClosing = false;
  /** Whether the last work of each kind has failed, and was spoken of. */
  readonly #failing = new Set<string>();
  #isFull = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Starts the schedules. */
  begin(): void {
    const plan = [
      [ROLL_AT, "roll the history up", () => this.roll()],
      [CHECKPOINT_AT, "tidy the history up", () => this.checkpoint()],
      [RETIRE_AT, "remove what is too old from the history", () => this.retire()],
      [CONTAINERS_AT, "forget old containers", () => this.forgetContainers()],
    ] as const;
    const options = { noOverlap: true, suppressMissedWarning: true };
    for (const [pattern, what, work] of plan) {
      this.#tasks.push(schedule(pattern, () => this.#try(what, work), options));
    }
  }

  /** Ends the schedules; what runs stops after its piece. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#tasks.map(async (task) => task.destroy()));
  }

  /** Rolls each tier up from the finer one, as far as nothing more is to come. */
  async roll(): Promise<void> {
    const { database, inTurn, now } = this.#options;
    await this.writeHeld(now() - LAG_MS);
    for (let index = 1; index < database().tiers.length; index++) {
      let isDone = false;
      while (!isDone && !this.#isClosing) {
        isDone = await inTurn(() => rollNext(database(), index, now() - LAG_MS));
      }
    }
  }

  /** Writes held points that began before a time. */
  async writeHeld(time: number): Promise<void> {
    await this.#options.inTurn(() => writeHeld(this.#options.database(), time));
  }

  /** Makes the file ready for what comes, and keeps it within its size. */
  async checkpoint(): Promise<void> {
    const { database, inTurn, maxBytes } = this.#options;
    await inTurn(() => checkpoint(database().writer));
    if (maxBytes !== undefined) await this.#shrink(maxBytes);
  }

  async retire(): Promise<void> {
    const { database, inTurn, tiers, eventsRetention, now } = this.#options;
    await inTurn(() => retire(database(), tiers, now()));
    await inTurn(() => forgetEventsBefore(database().writer, now() - eventsRetention));
  }

  async forgetContainers(): Promise<void> {
    const { database, inTurn } = this.#options;
    await inTurn(() => forgetContainers(database()));
  }

  /** Until it fits, or removing frees nothing: someone who reads may still need what was removed. */
  async #shrink(maxBytes: number): Promise<void> {
    const { database, inTurn, now } = this.#options;
    let used = await inTurn(() => usedBytes(database().writer));
    this.#sayFull(used, maxBytes);
    let inVain = 0;
    while (used > maxBytes && inVain < MOST_IN_VAIN && !this.#isClosing) {
      if (!(await inTurn(() => retireOldest(database(), now())))) return;
      await inTurn(() => checkpoint(database().writer));
      const left = await inTurn(() => usedBytes(database().writer));
      inVain = left < used ? 0 : inVain + 1;
      used = left;
    }
  }

  #sayFull(used: number, maxBytes: number): void {
    if (used > maxBytes && !this.#isFull) {
      const fields = { bytes: used, "history.max.bytes": maxBytes };
      this.#options.logger.warn(fields, "the history has reached its size, its oldest is removed");
      this.#isFull = true;
    }
  }

  /** Does something that may as well be done later. */
  async #try(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failing.delete(what);
    } catch (error) {
      if (!this.#failing.has(what)) this.#options.logger.warn({ err: error }, `cannot ${what}`);
      this.#failing.add(what);
    }
  }
}

/** Rolls one piece up; answers whether the tier has got to the end. */
async function rollNext(database: Database, index: number, end: number): Promise<boolean> {
  const [finer, tier] = [database.tiers[index - 1], database.tiers[index]];
  if (finer === undefined || tier === undefined) return true;
  // Our own clock may be wrong for a while: not past the newest sample, or all that comes is late.
  const reachable = Number.isFinite(finer.until)
    ? finer.until
    : ((await newestTime(database.writer, finer.width, tier.until)) ?? tier.until);
  const limit = Math.floor(Math.min(end, reachable) / tier.width) * tier.width;
  if (tier.until >= limit) return true;
  const reached = await rollPiece(database.writer, finer, tier, limit);
  database.tiers = database.tiers.map((other) => (other.width === tier.width ? reached : other));
  return reached.until >= limit;
}
