import type { DuckDBConnection } from "@duckdb/node-api";

import { HttpError } from "../../lib/http/errors.ts";

/** How questions are let in. */
export interface ReadersOptions {
  readonly connect: () => Promise<DuckDBConnection>;
  /** Questions at a time; the others wait their turn. */
  readonly count: number;
  /** Milliseconds that a question may take. */
  readonly timeout: number;
}

/** Connections for questions, each of which sees one state of the database from begin to end. */
export class Readers {
  readonly #options: ReadersOptions;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#free = options.count;
  }

  /** Asks something on a connection of its own. Throws an HttpError (503) if it takes too long. */
  async ask<T>(question: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    await this.#take();
    try {
      const connection = await this.#options.connect();
      try {
        await connection.run("BEGIN TRANSACTION READ ONLY");
        return await this.#inTime(connection, question);
      } finally {
        connection.closeSync();
      }
    } finally {
      this.#giveBack();
    }
  }

  async #inTime<T>(
    connection: DuckDBConnection,
    question: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    const { timeout } = this.#options;
    let late = false;
    const timer = setInterval(() => {
      late = true;
      // Again and again, as it ends only what runs at that moment.
      connection.interrupt();
    }, timeout);
    try {
      return await question(connection);
    } catch (error) {
      if (!late) throw error;
      const message = `the history needs more than ${timeout / 1000} s for this; ask for less`;
      throw new HttpError(503, message, { cause: error });
    } finally {
      clearInterval(timer);
    }
  }

  async #take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
