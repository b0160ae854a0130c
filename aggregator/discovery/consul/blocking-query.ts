import { setTimeout as sleep } from "node:timers/promises";

import type { IndexedAnswer } from "./consul-api.ts";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;

/** A question that is asked again and again, each time for what has changed since. */
export interface BlockingQuery {
  ask(index: number, signal: AbortSignal): Promise<IndexedAnswer>;
  /** Told of an answer that may be another than the last one. */
  answered(value: unknown): void;
  succeeded(): void;
  failed(error: unknown): void;
  /** Between the beginnings of two questions. Milliseconds. */
  readonly spacing: number;
}

/**
 * Asks until the signal comes; never throws. An index that goes back or is none begins from 0, as one
 * of another server or of one that has been restored says nothing about the last.
 * https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export async function keepAsking(query: BlockingQuery, signal: AbortSignal): Promise<void> {
  let index = 0;
  let retry = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const askedAt = performance.now();
    let wait: number;
    try {
      const answer = await query.ask(index, signal);
      if (signal.aborted) return;
      query.succeeded();
      if (answer.index === 0 || answer.index !== index) query.answered(answer.value);
      index = answer.index < index || answer.index < 1 ? 0 : answer.index;
      retry = FIRST_RETRY_MS;
      // At least a moment: an index that is never good would have us ask without end.
      wait = Math.max(
        askedAt + query.spacing - performance.now(),
        index === 0 ? FIRST_RETRY_MS : 0,
      );
    } catch (error) {
      if (signal.aborted) return;
      query.failed(error);
      index = 0;
      wait = retry;
      retry = Math.min(retry * 2, LAST_RETRY_MS);
    }
    await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
