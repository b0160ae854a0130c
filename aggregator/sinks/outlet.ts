import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { Slice } from "../../lib/slice.ts";
import { FirstBatches } from "../model/stored.ts";
import { Passes } from "./passes.ts";
import { piecesOf, sizeOfDelivery } from "./pieces.ts";
import { Feeder, type FeederTimes } from "./queue/feeder.ts";
import { type Marks, markOfEvents, markOfNodes, marksIn } from "./queue/marks.ts";
import type { Queue } from "./queue/queue.ts";
import type { RefusedParcels } from "./queue/refused.ts";
import type { Delivery, Parcel, Sink, SinkState } from "./sink.ts";

/** What one sink is run with. */
export interface OutletOptions {
  readonly queue: Queue;
  readonly refused: RefusedParcels;
  readonly logger: Logger;
  readonly times?: FeederTimes;
}

/** So many samples, series or events may wait to be encoded; of more the newest are let go. */
const MOST_UNENCODED = 200_000;

/** One sink, with what waits for it: takes deliveries, encodes them in slices, and has them sent. */
export class Outlet {
  readonly name: string;
  readonly #sink: Sink;
  readonly #options: OutletOptions;
  readonly #feeder: Feeder;
  readonly #first: FirstBatches;
  readonly #passes = new Passes();
  readonly #unencoded: Delivery[] = [];
  #size = 0;
  #dropped = 0;
  #isWrong = false;
  #encoding: Promise<void> | undefined;

  constructor(sink: Sink, options: OutletOptions) {
    this.name = sink.name;
    this.#sink = sink;
    this.#options = options;
    this.#first = new FirstBatches(options.queue.marks, sink.heldSince !== undefined);
    this.#feeder = new Feeder(sink, options);
  }

  /** Up to where it has taken what there is. */
  get marks(): Marks {
    return this.#options.queue.marks;
  }

  /** Whether it can use deliveries of a kind. */
  takes(kind: Delivery["kind"]): boolean {
    return this.#sink.takes.includes(kind);
  }

  /** Takes a delivery and returns at once; never throws. */
  take(delivery: Delivery): void {
    if (!this.takes(delivery.kind)) return;
    const fresh = this.#fresh(delivery);
    const size = sizeOfDelivery(fresh);
    if (size === 0) return;
    if (this.#size + size > MOST_UNENCODED && this.#size > 0) {
      this.#dropped += size;
      return;
    }
    this.#size += size;
    this.#unencoded.push(fresh);
    this.#encoding ??= this.#encodeAll();
  }

  /** Resolves when everything taken so far is in the queue, and on its disk if that takes it. */
  async flush(): Promise<void> {
    await this.#encoding;
    await this.#options.queue.flush();
  }

  state(): SinkState {
    const { queue, refused } = this.#options;
    const { trouble: diskTrouble, droppedPoints, ...waiting } = queue.state();
    const { sentPoints, failures, trouble = diskTrouble } = this.#feeder;
    return {
      name: this.name,
      ...waiting,
      sentPoints,
      refusedPoints: refused.points,
      droppedPoints: droppedPoints + this.#dropped,
      failures,
      ...(trouble === undefined ? {} : { trouble }),
    };
  }

  /** Lets go of what has waited for too long. */
  tidy(): Promise<void> {
    return this.#options.queue.tidy();
  }

  /** What waits is on disk when it resolves. */
  async close(): Promise<void> {
    await this.#encoding;
    await this.#flushSink();
    await this.#feeder.close();
    await this.#options.queue.close();
    await this.#sink.close();
  }

  #fresh(delivery: Delivery): Delivery {
    if (delivery.kind !== "samples") return delivery;
    return { kind: "samples", batch: this.#first.rest(delivery.batch) };
  }

  async #encodeAll(): Promise<void> {
    // What else comes now goes with it.
    await Promise.resolve();
    const slice = new Slice();
    for (let next = this.#unencoded.shift(); next; next = this.#unencoded.shift()) {
      const parcels: Parcel[] = [];
      for (const piece of piecesOf(next)) {
        for (const parcel of this.#encode(piece)) parcels.push(parcel);
        // oxlint-disable-next-line no-await-in-loop
        if (slice.isOver()) await slice.next();
      }
      this.#size -= sizeOfDelivery(next);
      this.#options.queue.append(parcels, this.#markOf(next));
    }
    this.#encoding = undefined;
  }

  #encode(piece: Delivery): readonly Parcel[] {
    try {
      return this.#sink.encode(piece);
    } catch (error) {
      // It must not, but one thing that it can't write is no reason to write nothing more.
      this.#dropped += sizeOfDelivery(piece);
      const cause = messageOf(error);
      if (!this.#isWrong)
        this.#options.logger.error({ cause }, "cannot write something for a store");
      this.#isWrong = true;
      return [];
    }
  }

  /** What the sink holds back waits like all else; a store that is there gets it yet. */
  async #flushSink(): Promise<void> {
    const parcels = this.#sink.flush?.() ?? [];
    if (parcels.length === 0) return;
    this.#options.queue.append(parcels, markOfNodes(this.#passes.newest()));
    await this.#options.queue.flush();
    await this.#feeder.drain();
  }

  /** Up to where what was encoded goes: what the sink holds back is not among it. */
  #markOf(delivery: Delivery): string {
    if (delivery.kind === "events") return markOfEvents(delivery.events);
    if (delivery.kind === "series") return "";
    const marks = marksIn(delivery.batch);
    if (this.#sink.heldSince === undefined) return markOfNodes(marks);
    this.#passes.take(delivery.batch);
    for (const [node, { cursor }] of marks) {
      const since = this.#sink.heldSince(node);
      // Who does not count its passes can't be asked for any of them again.
      if (since === undefined || cursor === undefined) continue;
      const before = this.#passes.before(node, since);
      if (before === undefined) marks.delete(node);
      else marks.set(node, before);
    }
    return markOfNodes(marks);
  }
}
