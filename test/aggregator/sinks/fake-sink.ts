import { sizeOfDelivery } from "../../../aggregator/sinks/pieces.ts";
import type { Delivery, Parcel, Sink } from "../../../aggregator/sinks/sink.ts";

/** A store of no protocol: each delivery is one parcel of JSON, and what answers is up to the test. */
export class FakeSink implements Sink {
  readonly name: string;
  takes: Sink["takes"] = ["samples", "events", "series"];
  mostBytes = 1e6;
  heldSince?: (node: string) => number | undefined;
  isClosed = false;
  /** What it was sent and has taken, body by body. */
  readonly taken: string[] = [];
  /** How many bodies each request had, those that went wrong among them. */
  readonly requests: number[] = [];
  /** Called before anything is taken: what it throws is the answer. */
  answer: (bodies: readonly string[], signal: AbortSignal) => Promise<void> | void = () =>
    undefined;

  constructor(name = "fake") {
    this.name = name;
  }

  encode(delivery: Delivery): readonly Parcel[] {
    const points = sizeOfDelivery(delivery);
    return points === 0 ? [] : [{ body: Buffer.from(`${textOf(delivery)}\n`), points }];
  }

  async send(bodies: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const texts = bodies.map((body) => Buffer.from(body).toString());
    this.requests.push(texts.length);
    await this.answer(texts, signal);
    this.taken.push(...texts);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function textOf(delivery: Delivery): string {
  switch (delivery.kind) {
    case "samples":
      return delivery.batch
        .map(({ node, ticks, times }) => `${node}:${(ticks ?? times).join(",")}`)
        .join(" ");
    case "events":
      return delivery.events.map(({ id }) => id).join(" ");
    case "series":
      return [...delivery.scraped.series.values()].map(({ value }) => value).join(" ");
  }
}
