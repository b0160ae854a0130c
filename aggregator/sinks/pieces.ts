import type { SeriesSample } from "../scrape/series/scraped.ts";
import type { Delivery } from "./sink.ts";

/** So many samples or series are turned into a protocol at a time, before others have their turn. */
const MOST_IN_PIECE = 2000;

/** How much work a delivery is: its samples, series or events. */
export function sizeOfDelivery(delivery: Delivery): number {
  switch (delivery.kind) {
    case "samples":
      return delivery.batch.reduce((sum, { times }) => sum + times.length, 0);
    case "series":
      return delivery.scraped.series.size + delivery.scraped.stale.length;
    case "events":
      return delivery.events.length;
  }
}

/** The same as deliveries that are small enough to be encoded without anybody noticing, in order. */
export function* piecesOf(delivery: Delivery, most: number = MOST_IN_PIECE): Generator<Delivery> {
  if (sizeOfDelivery(delivery) <= most) {
    yield delivery;
    return;
  }
  switch (delivery.kind) {
    case "samples": {
      // It tells of whole passes of a node, on which sinks rely.
      yield delivery;
      return;
    }
    case "events": {
      for (const events of chunksOf(delivery.events, most, () => 1)) {
        yield { kind: "events", events };
      }
      return;
    }
    case "series": {
      const { target, time, series, stale } = delivery.scraped;
      for (const chunk of chunksOf<[string, SeriesSample]>([...series], most, () => 1)) {
        yield { kind: "series", scraped: { target, time, series: new Map(chunk), stale: [] } };
      }
      for (const chunk of chunksOf(stale, most, () => 1)) {
        yield { kind: "series", scraped: { target, time, series: new Map(), stale: chunk } };
      }
    }
  }
}

function* chunksOf<T>(
  all: readonly T[],
  most: number,
  sizeOf: (one: T) => number,
): Generator<readonly T[]> {
  let chunk: T[] = [];
  let size = 0;
  for (const one of all) {
    if (chunk.length > 0 && size + sizeOf(one) > most) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(one);
    size += sizeOf(one);
  }
  if (chunk.length > 0) yield chunk;
}
