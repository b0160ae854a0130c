import { messageOf } from "../../lib/errors.ts";
import type { EventLog } from "../../wire/events/log.ts";
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
} from "./duckdb-file.ts";
import { EventKeeper } from "./events.ts";
import { keepHeld, writeHeld } from "./held.ts";
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
import { WriteQueue } from "./queue.ts";
import { Readers } from "./readers.ts";
import { checkpoint } from "./retire.ts";
import { querySeries } from "./series.ts";
import { RAW, resolutionAt, type TierSetting, type Width } from "./tiers.ts";
import { queryContainers, queryTotals } from "./totals.ts";
import { Upkeep } from "./upkeep.ts";

/** How a history in DuckDB is kept. */
export interface DuckdbOptions extends Omit<Place, "widths"> {
  /** Milliseconds; older samples are removed. */
  readonly retention: number;
  /** The coarser tiers, the finest first; none if left out. */
  readonly tiers?: readonly TierSetting[];
  /** Milliseconds that the finest points stand for; each sample is kept if left out. */
  readonly resolution?: Width;
  /** Bytes that the file may have in use. */
  readonly maxBytes?: number;
  /** Milliseconds that events are kept; as long as samples if left out. */
  readonly eventsRetention?: number;
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

/** Opens the history of a folder; see `openDatabase` for what it throws. */
export async function openDuckdbHistory(options: DuckdbOptions): Promise<DuckdbHistory> {
  const tiers = tiersOf(options);
  const place = { ...options, widths: tiers.map(({ width }) => width) };
  const history = new DuckdbHistory(await openDatabase(place), { ...options, place, tiers });
  history.begin();
  return history;
}

/** All tiers that are kept. */
function tiersOf({ retention, tiers = [], resolution = RAW }: DuckdbOptions): TierSetting[] {
  const all = [{ width: RAW, retention }, ...tiers];
  return all.filter(({ width }) => width >= resolution);
}

/** What a history is made of. */
interface Made extends DuckdbOptions {
  readonly place: Place;
  readonly tiers: readonly TierSetting[];
}

/** A history in one DuckDB file. */
export class DuckdbHistory implements History {
  readonly #place: Place;
  readonly #queue: WriteQueue;
  readonly #readers: Readers;
  readonly #upkeep: Upkeep;
  #events: EventKeeper | undefined;
  #database: Database;
  /** Set when a write has failed so badly that what it stored must be looked up. */
  #broken = false;

  constructor(database: Database, options: Made) {
    this.#database = database;
    this.#place = options.place;
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
    this.#upkeep = new Upkeep({
      database: () => this.#database,
      inTurn: (work) => this.#queue.inTurn(work),
      tiers: options.tiers,
      eventsRetention: options.eventsRetention ?? options.retention,
      maxBytes: options.maxBytes,
      now: options.now,
      logger: options.logger,
    });
  }

  get storedUntil(): StoredUntil {
    return this.#database.storedUntil;
  }

  get storedCursors(): StoredCursors {
    return this.#database.cursors;
  }

  /** Starts the upkeep. */
  begin(): void {
    this.#upkeep.begin();
  }

  append(batch: Batch): void {
    this.#queue.add(batch);
  }

  keepEvents(log: EventLog): void {
    this.#events = new EventKeeper({
      log,
      logger: this.#place.logger,
      withWriter: (work) => this.#queue.inTurn(() => work(this.#database.writer)),
    });
  }

  async flush(): Promise<void> {
    await this.#queue.flush();
    await this.#events?.flush();
    await this.#upkeep.writeHeld(Infinity);
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

  resolution(time: number): number {
    return resolutionAt(this.#database.tiers, time);
  }

  /** Removes what is older than the retention; the schedule does it every ten minutes. */
  async forget(): Promise<void> {
    await this.#upkeep.retire();
    await this.#upkeep.forgetContainers();
  }

  /** Rolls each tier up from the finer one; the schedule does it each minute. */
  async roll(): Promise<void> {
    await this.#upkeep.roll();
  }

  /** Keeps the file within its size; the schedule does it every five minutes. */
  async tidy(): Promise<void> {
    await this.#upkeep.checkpoint();
  }

  async close(): Promise<void> {
    await this.#upkeep.close();
    await this.#events?.close();
    await this.#queue.close();
    await this.#readers.close();
    await this.#queue.inTurn(() => this.#writeRest());
    closeDatabase(this.#database);
  }

  async #write(batches: readonly Batch[]): Promise<void> {
    let missing = batches;
    if (this.#broken) {
      const { held } = this.#database;
      closeDatabase(this.#database);
      this.#database = await reopenDatabase(this.#place);
      this.#broken = false;
      // The commit itself may have come through before the failure.
      const { storedUntil, cursors } = this.#database;
      missing = batches.map((batch) => newerThan(batch, storedUntil, cursors));
      keepHeld(this.#database, held);
    }
    try {
      await appendBatches(this.#database, missing);
    } catch (error) {
      this.#broken = MUST_REOPEN.test(messageOf(error));
      throw error;
    }
  }

  /** The file is complete without it, too. */
  async #writeRest(): Promise<void> {
    try {
      await writeHeld(this.#database, Infinity);
      await checkpoint(this.#database.writer);
    } catch (error) {
      this.#place.logger.warn({ err: error }, "cannot tidy the history up");
    }
  }
}
