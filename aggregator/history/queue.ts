import { setTimeout as sleep } from "node:timers/promises";

import type { Logger } from "../../lib/log.ts";
import { type Batch, sizeOf } from "../model/batch.ts";
import type { HistoryState } from "./history.ts";

/** What a queue needs. */
export interface QueueOptions {
  /** Stores batches all at once or throws. */
  readonly write: (batches: readonly Batch[]) => Promise<void>;
  /** Samples that may wait; what comes on top of them is lost and counted. */
  readonly capacity: number;
  /** Milliseconds to wait before the same batches are tried again. */
  readonly retryMs: number;
  readonly logger: Logger;
}

/** Samples on their way to the disk, and other work on the same connection, one after the other. */
export class WriteQueue {
  readonly #options: QueueOptions;
  readonly #waiting: Batch[] = [];
  readonly #closing = new AbortController();
  #queued = 0;
  #stored = 0;
  #lost = 0;
  #failures = 0;
  #failing = false;
  #full = false;
  /** Ends when all that was begun has ended. */
  #lane: Promise<void> = Promise.resolve();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Takes a batch if there is room. */
  add(batch: Batch): void {
    const samples = sizeOf(batch);
    if (samples === 0) return;
    if (this.#closing.signal.aborted) {
      this.#lost += samples;
      return;
    }
    if (this.#queued + samples > this.#options.capacity) {
      this.#refuse(samples);
      return;
    }
    this.#full = false;
    this.#queued += samples;
    this.#waiting.push(batch);
    void this.inTurn(() => this.#drain());
  }

  /** Runs something when the connection is free; its failure is the caller's. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lane.then(work);
    this.#lane = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** Resolves when everything added so far is stored. */
  async flush(): Promise<void> {
    await this.inTurn(async () => undefined);
  }

  state(): HistoryState {
    return {
      queued: this.#queued,
      capacity: this.#options.capacity,
      stored: this.#stored,
      lost: this.#lost,
      failures: this.#failures,
    };
  }

  /** Stores what waits, once more if need be, and takes nothing any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.inTurn(() => this.#drain());
    if (this.#queued === 0) return;
    this.#options.logger.error({ samples: this.#queued }, "samples were lost at the end");
    this.#lost += this.#queued;
    this.#queued = 0;
    this.#waiting.length = 0;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whatever has come together meanwhile goes in one transaction.
      const batches = [...this.#waiting];
      if (await this.#write(batches)) {
        this.#waiting.splice(0, batches.length);
        continue;
      }
      if (this.#closing.signal.aborted) return;
      const { signal } = this.#closing;
      await sleep(this.#options.retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #write(batches: readonly Batch[]): Promise<boolean> {
    const samples = batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
    try {
      await this.#options.write(batches);
    } catch (error) {
      this.#failures++;
      if (!this.#failing) this.#options.logger.error({ err: error }, "cannot write the history");
      this.#failing = true;
      return false;
    }
    if (this.#failing) this.#options.logger.info("the history is written again");
    this.#failing = false;
    this.#queued -= samples;
    this.#stored += samples;
    return true;
  }

  #refuse(samples: number): void {
    this.#lost += samples;
    if (!this.#full) this.#options.logger.error("the history's queue is full, samples are lost");
    this.#full = true;
  }
}
