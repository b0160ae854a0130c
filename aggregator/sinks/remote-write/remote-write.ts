import { compress } from "snappyjs";

import type { Clock } from "../../../lib/clock.ts";
import { messageOf } from "../../../lib/errors.ts";
import { openPeer, type Peer } from "../../../lib/http/peer.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { BackOffLimits } from "../queue/back-off.ts";
import { type Delivery, type Parcel, Refused, type Sink } from "../sink.ts";
import { ContainerSeries } from "./container-series.ts";
import { freshSeries } from "./fresh-series.ts";
import { type MessageName, V1, V2 } from "./messages.ts";
import { ParcelWriter } from "./parcel-writer.ts";
import { type Answer, judge, post } from "./post.ts";
import { requestV2 } from "./request-v2.ts";
import { writeScraped } from "./scraped-series.ts";
import type { Store } from "./store.ts";
import { TimedSeries } from "./timed-series.ts";

/** What a sample takes with its labels, roughly, so that a request has about as many as was asked for. */
const SAMPLE_BYTES = 150;

/** What a sink of this kind is opened with. */
export interface RemoteWriteOptions {
  readonly store: Store;
  /** Milliseconds between two points of a container. */
  readonly step: number;
  /** On the series of containers that have no such label. */
  readonly external: Labels;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Prometheus remote write: 1.0, and 2.0 if it is asked for and the store speaks it. What waits are
 * messages of 1.0, since those can be joined.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export class RemoteWrite implements Sink {
  readonly name: string;
  readonly takes: Sink["takes"] = ["samples", "series"];
  readonly mostBytes: number;
  readonly timeoutMs: number;
  readonly backOff: BackOffLimits;
  readonly #store: Store;
  readonly #peer: Peer;
  readonly #containers: ContainerSeries;
  readonly #timed = new TimedSeries();
  readonly #writer: ParcelWriter;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #message: MessageName;

  constructor({ store, step, external, clock, logger }: RemoteWriteOptions) {
    const { samplesPerSend } = store.queue;
    this.name = `remote_write-${store.name}`;
    this.mostBytes = samplesPerSend * SAMPLE_BYTES;
    this.timeoutMs = store.timeout;
    this.backOff = store.queue.backOff;
    this.#store = store;
    this.#peer = openPeer(store.peer);
    this.#containers = new ContainerSeries({ step, external, rules: store.rules });
    this.#writer = new ParcelWriter({ bytes: this.mostBytes, samples: samplesPerSend });
    this.#clock = clock;
    this.#logger = logger;
    this.#message = store.message;
  }

  encode(delivery: Delivery): readonly Parcel[] {
    const now = this.#clock.now();
    if (delivery.kind === "samples") this.#containers.write(delivery.batch, now, this.#writer);
    if (delivery.kind === "series") {
      writeScraped(delivery.scraped, this.#store.rules, now, this.#timed, this.#writer);
    }
    return this.#writer.finish();
  }

  heldSince(node: string): number | undefined {
    return this.#containers.heldSince(node);
  }

  async send(bodies: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const { url, queue } = this.#store;
    const body = this.#freshOf(Buffer.concat(bodies));
    if (body === undefined) return;
    let answer = await this.#post(body, signal);
    if (this.#message === V2 && knowsOnlyV1(answer)) {
      this.#message = V1;
      this.#logger.info(
        { sink: this.name },
        "the store does not speak remote write 2.0; 1.0 it is",
      );
      answer = await this.#post(body, signal);
    }
    judge(answer, { url, retryOn429: queue.retryOn429 }, this.#clock.now());
  }

  async close(): Promise<void> {
    this.#peer.close();
  }

  #freshOf(body: Uint8Array): Uint8Array | undefined {
    const { sampleAgeLimit } = this.#store.queue;
    if (sampleAgeLimit === 0) return body;
    return readable(() => freshSeries(body, this.#clock.now() - sampleAgeLimit));
  }

  #post(body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const { url, headers, timeout, queue } = this.#store;
    const message = this.#message;
    const plain = message === V2 ? readable(() => requestV2(body)) : body;
    const options = { peer: this.#peer, url, headers, timeout, retryOn429: queue.retryOn429 };
    return post(options, message, compress(plain), signal);
  }
}

/**
 * Who speaks 2.0 counts what it has written in any answer. Others say 415 or 400, or take the message
 * for an empty one of 1.0.
 * https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#required-written-response-headers
 */
function knowsOnlyV1({ status, counts }: Answer): boolean {
  return status === 415 || (!counts && (status === 400 || (status >= 200 && status < 300)));
}

/** What can't be read now can't be read later either. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Refused(messageOf(error), { cause: error });
  }
}
