import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { type Batch, sizeOf } from "../model/batch.ts";
import type { HistoryState } from "./history.ts";

/** What a queue needs. */
export interface QueueOptions {
  /** Stores batches all at once or throws. */
  readonly write: (batches: readonly Batch[]) => Promise<void>;
  /** Whether a failure comes from what is in the batches, so that it would come again for ever. */
  readonly isUnfit: (error: unknown) => boolean;
  /** Samples that may wait; what comes on top of them is lost and counted. */
  readonly capacity: number;
  /** Milliseconds to wait before the same batches are tried again. */
  readonly retryMs: number;
  readonly logger: Logger;
}

/** What became of a write; with what is unfit goes the reason. */
type Outcome = "stored" | "failed" | { readonly unfit: unknown };

/** Samples on their way to the disk, and other work on the same connection, one after the other. */
export class WriteQueue {
  readonly #options: QueueOptions;
  readonly #waiting: Batch[] = [];
  readonly #closing = new AbortController();
  #queued = 0;
  #stored = 0;
  #lost = 0;
  #failures = 0;
  /** Why the last write failed. */
  #trouble: string | undefined;
  /** Nodes whose unfit samples were spoken of. */
  readonly #unfit = new Set<string>();
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
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
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
      const outcome = await this.#write(batches);
      if (outcome === "stored") continue;
      if (outcome !== "failed" && (await this.#writeEach(batches))) continue;
      if (this.#closing.signal.aborted) return;
      const { signal } = this.#closing;
      await sleep(this.#options.retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One by one, so that the unfit takes nothing else with it; false where the store fails. */
  async #writeEach(batches: readonly Batch[]): Promise<boolean> {
    for (const batch of batches) {
      let outcome = await this.#write([batch]);
      if (typeof outcome === "object") outcome = await this.#write([batch]);
      if (outcome === "failed") return false;
      if (typeof outcome === "object") this.#drop(batch, outcome.unfit);
    }
    return true;
  }

  /** Tries once; what is stored waits no more. */
  async #write(batches: readonly Batch[]): Promise<Outcome> {
    try {
      await this.#options.write(batches);
    } catch (error) {
      this.#failures++;
      if (this.#options.isUnfit(error)) return { unfit: error };
      if (this.#trouble === undefined) {
        this.#options.logger.error({ err: error }, "cannot write the history");
      }
      this.#trouble = messageOf(error);
      return "failed";
    }
    if (this.#trouble !== undefined) this.#options.logger.info("the history is written again");
    this.#trouble = undefined;
    this.#stored += this.#takeOut(batches);
    return "stored";
  }

  /** Takes batches, which are the first that wait, off the queue; answers their samples. */
  #takeOut(batches: readonly Batch[]): number {
    this.#waiting.splice(0, batches.length);
    const samples = batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
    this.#queued -= samples;
    return samples;
  }

  #drop(batch: Batch, error: unknown): void {
    const samples = this.#takeOut([batch]);
    this.#lost += samples;
    // An agent that is wrong once is wrong with every answer.
    const node = batch[0]?.node ?? "";
    if (this.#unfit.has(node)) return;
    this.#unfit.add(node);
    this.#options.logger.error({ node, samples, err: error }, "samples of a node can't be stored");
  }

  #refuse(samples: number): void {
    this.#lost += samples;
    if (!this.#full) this.#options.logger.error("the history's queue is full, samples are lost");
    this.#full = true;
  }
}
