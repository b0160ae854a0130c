import { Readable } from "node:stream";

import type { FastifyReply } from "fastify";

import { HttpError } from "./errors.ts";

/** How streams are bounded. */
export interface StreamLimits {
  /** So many may be open at a time. */
  readonly most: number;
  /** What has nothing to say for so long sends a comment, so that nobody takes it for dead. */
  readonly heartbeatMs: number;
  /** Who has not taken a message in so long is cut off. */
  readonly patienceMs: number;
}

const HEARTBEAT = Buffer.from(":\n\n");

/** One event. https://html.spec.whatwg.org/multipage/server-sent-events.html
 * @param data one line
 */
export function encodeEvent(event: string, id: string, data: string): Buffer {
  return Buffer.from(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`);
}

/**
 * One reader of events. There is no queue: it holds the message that is under way and no other, and
 * whoever writes asks first whether that has been taken.
 */
export class EventStream {
  readonly source: Readable;
  readonly #isBlocked: () => boolean;
  /** When it was last given something, and by when it had last taken all; by the monotonic clock. */
  #sentAt: number;
  #takenAt: number;

  constructor(isBlocked: () => boolean, now: number) {
    this.source = new Readable({ read: () => undefined });
    this.#isBlocked = isBlocked;
    this.#sentAt = now;
    this.#takenAt = now;
  }

  /** Whether all that was sent has been taken. */
  get isReady(): boolean {
    return this.source.readableLength === 0 && !this.#isBlocked() && !this.source.destroyed;
  }

  /** Whether it has not begun to send what it was given: nobody says when it does. */
  get isBeginning(): boolean {
    return this.source.readableLength > 0 && !this.#isBlocked() && !this.source.destroyed;
  }

  /** Sends a message, which many readers may share. */
  send(message: Buffer): void {
    this.#sentAt = performance.now();
    this.source.push(message);
  }

  /** Sends a comment if nothing was sent for long; cuts off who takes nothing. */
  check(now: number, { heartbeatMs, patienceMs }: StreamLimits): void {
    if (this.isReady) {
      this.#takenAt = now;
      if (now - this.#sentAt >= heartbeatMs) this.send(HEARTBEAT);
    } else if (now - this.#takenAt >= patienceMs) this.source.destroy();
  }

  /** Ends it: at once if something is still under way, as that may take for ever. */
  end(): void {
    if (this.isReady) this.source.push(null);
    else this.source.destroy();
  }
}

/** All streams of a route. */
export class EventStreams {
  readonly #limits: StreamLimits;
  readonly #open: Set<EventStream> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Answers a request by a stream; throws a 503 if there are too many. `closed` is called at its end. */
  open(reply: FastifyReply, closed: () => void): EventStream {
    if (this.#open.size >= this.#limits.most) {
      throw new HttpError(503, `${this.#open.size} streams are open, which is the most; ask later`);
    }
    const { raw } = reply;
    const stream = new EventStream(() => raw.writableNeedDrain, performance.now());
    this.#open.add(stream);
    raw.once("close", () => {
      this.#open.delete(stream);
      stream.source.destroy();
      if (this.#open.size === 0) this.#rest();
      closed();
    });
    this.#timer ??= setInterval(() => this.#check(), this.#limits.heartbeatMs / 3).unref();
    void reply.header("cache-control", "no-cache, no-transform").type("text/event-stream");
    // A proxy must not gather what is meant for now.
    void reply.header("x-accel-buffering", "no").send(stream.source);
    return stream;
  }

  /** Ends all. */
  close(): void {
    for (const stream of this.#open) stream.end();
    this.#rest();
  }

  #check(): void {
    const now = performance.now();
    for (const stream of this.#open) stream.check(now, this.#limits);
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
