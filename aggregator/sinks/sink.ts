/**
 * Where measurements are sent besides the history: other stores, each behind this one contract and
 * with a queue on disk before it. A sink turns what it is handed into bodies of its own protocol at
 * once; what waits on disk are those bodies, so that nothing has to be understood again to be sent.
 */

import type { Event } from "../../wire/events/event.ts";
import type { Batch } from "../model/batch.ts";
import type { Scraped } from "../scrape/series/scraped.ts";
import type { BackOffLimits } from "./queue/back-off.ts";

/** What sinks are handed: each takes the kinds that it can use. */
export type Delivery =
  /** New samples of containers, from agents and from what is read like them. */
  | { readonly kind: "samples"; readonly batch: Batch }
  /** Events of the whole cluster, in the order of their ids. */
  | { readonly kind: "events"; readonly events: readonly Event[] }
  /** The series of one scrape of any target, as Prometheus would have them. */
  | { readonly kind: "series"; readonly scraped: Scraped };

/** A part of a delivery in the sink's own protocol; parts can be joined to one body, in their order. */
export interface Parcel {
  readonly body: Uint8Array;
  /** Points, documents or samples in it: what counters count. */
  readonly points: number;
}

/** A store that measurements are sent to. */
export interface Sink {
  /** What it is called in metrics, logs and on disk: `influxdb`, `remote_write-0`; it stays over restarts. */
  readonly name: string;
  /** The kinds of deliveries that it takes. */
  readonly takes: readonly Delivery["kind"][];
  /** Bytes of parcels that are joined for one request, at most; a single larger parcel goes alone. */
  readonly mostBytes: number;
  /** Milliseconds that a request may take; half a minute if it does not say. */
  readonly timeoutMs?: number;
  /** How long to wait between attempts, where the store's own configuration says. */
  readonly backOff?: BackOffLimits;
  /**
   * Turns a delivery into parcels of at most about `mostBytes` each; none if nothing in it is for this
   * sink. It neither waits nor throws: what can't be written in the protocol (NaN, a name that it
   * does not take) is left out.
   */
  encode(delivery: Delivery): readonly Parcel[];
  /**
   * For a sink that makes one point of several samples: the time (Unix milliseconds) from which on a
   * node's samples are in no parcel yet. After a restart they are handed in again from there, as long
   * as the agent has them. Undefined, or no such method: it holds none.
   */
  heldSince?(node: string): number | undefined;
  /** Ends what `heldSince` tells of, as the program ends: nothing of it is handed in again. */
  flush?(): readonly Parcel[];
  /**
   * Sends parcels, joined, and resolves when the store has them. Throws `Refused` for what no repetition
   * will change; anything else that it throws is tried again, after `RetryLater.afterMs` where that is told.
   * Sending the same twice must do no harm, since a program may end between a request and its answer.
   */
  send(bodies: readonly Uint8Array[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The store will never take these parcels: they are set aside, with the reason. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** The store asks to be left alone for a time. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
  /** Milliseconds. */
  readonly afterMs: number;

  constructor(message: string, afterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.afterMs = afterMs;
  }
}

/** How a sink and its queue stand, for `/metrics`, `/targets` and the logs. */
export interface SinkState {
  readonly name: string;
  /** What waits on disk and in memory. */
  readonly waitingPoints: number;
  readonly waitingBytes: number;
  /** The most bytes that may wait. */
  readonly capacityBytes: number;
  /** Unix milliseconds at which the oldest that waits was taken; absent if nothing waits. */
  readonly oldest?: number;
  readonly sentPoints: number;
  /** Set aside, as the store never takes them. */
  readonly refusedPoints: number;
  /** Let go as the queue was full or they were too old. */
  readonly droppedPoints: number;
  /** Files of the queue of which something could not be read, and was set aside. */
  readonly damagedFiles: number;
  /** Requests that failed and are tried again. */
  readonly failures: number;
  /** Why the last request failed; absent if it went well. */
  readonly trouble?: string;
}
