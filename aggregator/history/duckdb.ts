import { schedule, type ScheduledTask } from "node-cron";

import { messageOf } from "../../lib/errors.ts";
import type { Series } from "../../wire/stats/answer.ts";
import { type Batch, newerThan, type StoredUntil } from "../model/batch.ts";
import type { StoredCursors } from "../model/cursor.ts";
import { appendBatches, isUnfit } from "./append.ts";
import {
  closeDatabase,
  type Database,
  openDatabase,
  type Place,
  reopenDatabase,
} from "./database.ts";
import type {
  Ask,
  History,
  HistoryState,
  LevelAsk,
  Range,
  Seen,
  TakeLevel,
  Totals,
} from "./history.ts";
import { queryLevels } from "./levels.ts";
import { checkpoint, forgetBefore } from "./maintenance.ts";
import { WriteQueue } from "./queue.ts";
import { Readers } from "./readers.ts";
import { querySeries } from "./series.ts";
import { queryContainers, queryTotals } from "./totals.ts";

/** How a history in DuckDB is kept. */
export interface DuckdbOptions extends Place {
  /** Milliseconds; older samples are removed. */
  readonly retention: number;
  /** Samples that may wait for the disk. */
  readonly queueCapacity?: number;
}

/** About 50 MB of samples: some minutes of a hundred nodes. */
const QUEUE_CAPACITY = 200_000;
const RETRY_MS = 1000;
/** Questions at a time, and how long one may take. */
const READERS = 2;
const READ_TIMEOUT_MS = 30_000;
/** DuckDB says so when it will not go on with this instance. */
const MUST_REOPEN = /invalidated|FATAL/;
/** Cron patterns: every five minutes, and each hour at an odd minute. */
const CHECKPOINT_AT = "*/5 * * * *";
const RETENTION_AT = "17 * * * *";

/** Opens the history of a folder; see `openDatabase` for what it throws. */
export async function openDuckdbHistory(options: DuckdbOptions): Promise<DuckdbHistory> {
  const history = new DuckdbHistory(await openDatabase(options), options);
  history.begin();
  return history;
}

/** A history in one DuckDB file. */
export class DuckdbHistory implements History {
  readonly #options: DuckdbOptions;
  readonly #queue: WriteQueue;
  readonly #readers: Readers;
  readonly #tasks: ScheduledTask[] = [];
  #database: Database;
  /** Set when a write has failed so badly that what it stored must be looked up. */
  #broken = false;
  #untidy = false;

  constructor(database: Database, options: DuckdbOptions) {
    this.#database = database;
    this.#options = options;
    this.#queue = new WriteQueue({
      write: (batches) => this.#write(batches),
      isUnfit,
      capacity: options.queueCapacity ?? QUEUE_CAPACITY,
      retryMs: RETRY_MS,
      logger: options.logger,
    });
    this.#readers = new Readers({
      connect: () => this.#database.instance.connect(),
      count: READERS,
      timeout: READ_TIMEOUT_MS,
    });
  }

  get storedUntil(): StoredUntil {
    return this.#database.storedUntil;
  }

  get storedCursors(): StoredCursors {
    return this.#database.cursors;
  }

  /** Starts the checkpoints and the retention. */
  begin(): void {
    const options = { noOverlap: true, suppressMissedWarning: true };
    this.#tasks.push(
      schedule(CHECKPOINT_AT, () => this.#tidy(() => checkpoint(this.#database.writer)), options),
      schedule(RETENTION_AT, () => this.#tidy(() => this.#forget()), options),
    );
  }

  append(batch: Batch): void {
    this.#queue.add(batch);
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  state(): HistoryState {
    return this.#queue.state();
  }

  async containers(range: Range): Promise<readonly Seen[]> {
    const found = await this.#readers.ask((connection) => queryContainers(connection, range));
    return [...found].flatMap(([key, lastTime]) => {
      const entry = this.#database.dictionary.get(key);
      return entry === undefined ? [] : [{ ...entry, lastTime }];
    });
  }

  totals(ask: Ask): Promise<ReadonlyMap<number, Totals>> {
    return this.#readers.ask((connection) => queryTotals(connection, ask));
  }

  series(ask: Ask, step: number): Promise<ReadonlyMap<number, Series>> {
    return this.#readers.ask((connection) => querySeries(connection, ask, step));
  }

  levels(ask: LevelAsk, take: TakeLevel): Promise<void> {
    return this.#readers.ask((connection) => queryLevels(connection, ask, take));
  }

  /** Removes what is older than the retention; the schedule calls it each hour. */
  async forget(): Promise<void> {
    await this.#queue.inTurn(() => this.#forget());
  }

  async close(): Promise<void> {
    await Promise.all(this.#tasks.map(async (task) => task.destroy()));
    await this.#queue.close();
    await this.#readers.close();
    await this.#tidy(() => checkpoint(this.#database.writer));
    closeDatabase(this.#database);
  }

  async #write(batches: readonly Batch[]): Promise<void> {
    let missing = batches;
    if (this.#broken) {
      closeDatabase(this.#database);
      this.#database = await reopenDatabase(this.#options);
      this.#broken = false;
      // The commit itself may have come through before the failure.
      const { storedUntil, cursors } = this.#database;
      missing = batches.map((batch) => newerThan(batch, storedUntil, cursors));
    }
    try {
      await appendBatches(this.#database, missing);
    } catch (error) {
      this.#broken = MUST_REOPEN.test(messageOf(error));
      throw error;
    }
  }

  #forget(): Promise<void> {
    return forgetBefore(this.#database, this.#options.now() - this.#options.retention);
  }

  /** Does something that may as well be done later. */
  async #tidy(work: () => Promise<void>): Promise<void> {
    try {
      await this.#queue.inTurn(work);
      this.#untidy = false;
    } catch (error) {
      if (!this.#untidy) this.#options.logger.warn({ err: error }, "cannot tidy the history up");
      this.#untidy = true;
    }
  }
}
