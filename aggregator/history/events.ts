import { type DuckDBConnection, listValue } from "@duckdb/node-api";

import type { Logged } from "../../lib/journal/logged.ts";
import type { Logger } from "../../lib/log.ts";
import type { NewEvent } from "../../wire/events/event.ts";
import type { EventLog } from "../../wire/events/log.ts";
import { timestamp } from "./sql.ts";

/** `event` is the whole of it as JSON, without the minute before; empty texts stand for what it has not. */
export const EVENTS_TABLE = `
CREATE TABLE IF NOT EXISTS events (
  id VARCHAR NOT NULL,
  time TIMESTAMP NOT NULL,
  node VARCHAR NOT NULL,
  type VARCHAR NOT NULL,
  container VARCHAR NOT NULL,
  container_id VARCHAR NOT NULL,
  source_id VARCHAR NOT NULL,
  event VARCHAR NOT NULL
);`;

type LoggedEvent = Logged<NewEvent>;

/** Events that are stored at a time. */
const BATCH = 1000;
/** What happens within it is stored together. */
const PAUSE_MS = 1000;

/** What keeps events in a database. */
export interface EventKeeperOptions {
  readonly log: EventLog;
  /** Runs something with the connection that writes, when that is free. */
  readonly withWriter: <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;
  readonly logger: Logger;
}

/**
 * Copies a log of events into the table `events`, from where the table ends: each event once, over
 * restarts, and also where agents tell once more what a log in memory has forgotten.
 */
export class EventKeeper {
  readonly #options: EventKeeperOptions;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #isClosed = false;
  #isTrouble = false;
  /** Of the last event that is stored; undefined until the table was asked. */
  #position: string | undefined;

  constructor(options: EventKeeperOptions) {
    this.#options = options;
    this.#unsubscribe = options.log.subscribe(() => this.#soon());
    this.#soon();
  }

  /** Stores everything that the log has until now; a failure is logged, and tried again a little later. */
  async flush(): Promise<void> {
    this.#working ??= this.#store().finally(() => (this.#working = undefined));
    await this.#working;
  }

  /** Stores what is left. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.flush();
    if (this.#position !== this.#options.log.newestId) await this.flush();
  }

  #soon(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, PAUSE_MS).unref();
  }

  async #store(): Promise<void> {
    const { log, logger, withWriter } = this.#options;
    try {
      this.#position ??= await withWriter(lastStored);
      let isMore = true;
      // oxlint-disable-next-line no-await-in-loop
      while (isMore) isMore = await this.#storeSome();
      if (this.#isTrouble) logger.info("events are stored in the history again");
      this.#isTrouble = false;
    } catch (error) {
      if (!this.#isTrouble) logger.error({ err: error }, "cannot store events in the history");
      this.#isTrouble = true;
      this.#position = undefined;
      if (log.newestId !== "") this.#soon();
    }
  }

  /** False if nothing is left. */
  async #storeSome(): Promise<boolean> {
    const { log, withWriter } = this.#options;
    const from = this.#position ?? "";
    const { events, hasGap } = await log.after(from, BATCH);
    const last = events.at(-1);
    if (last === undefined) {
      // The table ends with the event of another log: of this one nothing may be missing.
      if (hasGap && from !== "" && from > log.newestId) this.#position = "";
      return this.#position !== from;
    }
    await withWriter((connection) => insert(connection, events));
    this.#position = last.event.id;
    return true;
  }
}

/** Removes events from before a time (Unix milliseconds), but not the last one: it says where to go on. */
export async function forgetEventsBefore(
  connection: DuckDBConnection,
  time: number,
): Promise<void> {
  await connection.run(
    `DELETE FROM events WHERE time < ${timestamp(time)} AND rowid <> (SELECT max(rowid) FROM events)`,
  );
}

async function lastStored(connection: DuckDBConnection): Promise<string> {
  const reader = await connection.runAndReadAll(
    "SELECT id FROM events WHERE rowid = (SELECT max(rowid) FROM events)",
  );
  return String(reader.getRows()[0]?.[0] ?? "");
}

const COLUMNS = ["id", "node", "type", "container", "container_id", "source_id", "event"] as const;

// What was stored before the answer got lost, or was told by an agent once more, is left out.
const INSERT = `INSERT INTO events SELECT id, make_timestamp(time), node, type, container, container_id, source_id, event
FROM (SELECT unnest($1::BIGINT[]) AS time, ${COLUMNS.map(
  (name, index) => `unnest($${index + 2}::VARCHAR[]) AS ${name}`,
).join(", ")}) AS given
WHERE NOT EXISTS (SELECT 1 FROM events AS stored WHERE stored.id = given.id)
AND (given.source_id = '' OR NOT EXISTS (SELECT 1 FROM events AS stored WHERE stored.source_id = given.source_id AND stored.node = given.node))
ORDER BY id`;

async function insert(connection: DuckDBConnection, events: readonly LoggedEvent[]): Promise<void> {
  const column = (of: (logged: LoggedEvent) => string): ReturnType<typeof listValue> =>
    listValue(events.map(of));
  await connection.run(INSERT, [
    listValue(events.map(({ event }) => BigInt(Math.round(Date.parse(event.time) * 1000)))),
    column(({ event }) => event.id),
    column(({ event }) => event.node),
    column(({ event }) => event.type),
    column(({ event }) => event.container?.name ?? ""),
    column(({ event }) => event.container?.container_id ?? ""),
    column(({ event }) => event.source_id ?? ""),
    column(({ text }) => text),
  ]);
}
