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

/** What is asked on a connection. */
type Question<T> = (connection: DuckDBConnection) => Promise<T>;

/** Between two tries to break off a question, as each ends only what runs at that moment. Milliseconds. */
const AGAIN_MS = 50;

/** Connections for questions, each of which sees one state of the database from begin to end. */
export class Readers {
  readonly #options: ReadersOptions;
  readonly #waiting: (() => void)[] = [];
  /** Those under way; none of them fails. */
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #free: number;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#free = options.count;
  }

  /**
   * Asks something on a connection of its own. Throws an HttpError (503) if it takes too long, or the
   * history is closed.
   */
  async ask<T>(question: Question<T>): Promise<T> {
    await this.#take();
    const asked = this.#askInTime(question);
    const ended = asked.catch(() => undefined);
    this.#running.add(ended);
    try {
      return await asked;
    } finally {
      this.#running.delete(ended);
      this.#giveBack();
    }
  }

  /**
   * Breaks off what is being asked and waits for its end: no thread of DuckDB may outlive the
   * database. From now on every question is refused.
   */
  async close(): Promise<void> {
    this.#closing.abort(new HttpError(503, "the history is closed, as this program ends"));
    await Promise.all(this.#running);
  }

  async #askInTime<T>(question: Question<T>): Promise<T> {
    const { timeout } = this.#options;
    const late = new AbortController();
    const message = `the history needs more than ${timeout / 1000} s for this; ask for less`;
    const timer = setTimeout(() => late.abort(new HttpError(503, message)), timeout);
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    try {
      signal.throwIfAborted();
      return await this.#onConnection(question, signal);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #onConnection<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
    const connection = await this.#options.connect();
    const timer = setInterval(() => signal.aborted && connection.interrupt(), AGAIN_MS);
    try {
      await connection.run("BEGIN TRANSACTION READ ONLY");
      return await question(connection);
    } finally {
      clearInterval(timer);
      connection.closeSync();
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
