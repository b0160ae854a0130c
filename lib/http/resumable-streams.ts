import { setImmediate as turn } from "node:timers/promises";

import type { FastifyReply } from "fastify";

import { EventStreams, type EventStream, type StreamLimits } from "./event-stream.ts";

/** What is followed: entries with ids that sort, the newest of which come last. */
export interface StreamSource<Entry> {
  /** Of the newest entry. */
  readonly newestId: string;
  /** At most `most` entries that follow an id, and whether some that followed it can't be told. */
  after(id: string, most: number): Promise<{ events: readonly Entry[]; hasGap: boolean }>;
  /** Calls back when there are more. */
  subscribe(listener: () => void): () => void;
}

/** How entries are written. */
export interface Encoding<Entry> {
  readonly idOf: (entry: Entry) => string;
  /** A whole server-sent event; undefined if the reader does not want this entry. */
  readonly encode: (entry: Entry) => string | undefined;
}

/** What a reader asks for. */
export interface Follow<Entry> extends Encoding<Entry> {
  /** The last id that it has seen; undefined = whatever comes from now on. */
  readonly from: string | undefined;
  /** Readers that ask the same share what is written for them. */
  readonly question: string;
}

interface Reader<Entry> extends Follow<Entry> {
  readonly stream: EventStream;
  position: string;
  /** There was more than what it was given last. */
  hasMore: boolean;
}

interface Piece {
  readonly message: Buffer | undefined;
  readonly next: string;
  readonly hasMore: boolean;
}

/** Entries that are written at a time. */
const BATCH = 500;
/** While much is happening readers are served no more often, so that each is given more at a time. */
const PAUSE_MS = 20;
/** Where serving them all takes longer than that, half of the time is left to everything else; but no pause is longer. */
const LONGEST_PAUSE_MS = 100;
/** After so long whatever else waits for the loop comes first. */
const TURN_MS = 5;

/**
 * Streams that a reader can resume where it left off. Nothing is held back for anybody: a reader is
 * at an id, and who is slow is only further behind. What can't be told any more is said by an event
 * `gap`.
 */
export class ResumableStreams<Entry> {
  readonly #source: StreamSource<Entry>;
  readonly #streams: EventStreams;
  readonly #readers: Set<Reader<Entry>> = new Set();
  readonly #fail: (error: unknown) => void;
  #unsubscribe: (() => void) | undefined;
  #isRunning = false;
  /** Somebody has not been given all; there is something new. */
  #runAgain = false;
  #runLater = false;
  #ranAt = Number.NEGATIVE_INFINITY;
  #pause = PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;

  /** @param fail told what went wrong in here */
  constructor(source: StreamSource<Entry>, limits: StreamLimits, fail: (error: unknown) => void) {
    this.#source = source;
    this.#streams = new EventStreams(limits);
    this.#fail = fail;
  }

  /** How many follow. */
  get size(): number {
    return this.#readers.size;
  }

  /** Answers by a stream; throws a 503 if there are too many. */
  follow(reply: FastifyReply, asked: Follow<Entry>): void {
    const stream = this.#streams.open(reply, () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#rest();
    });
    const position = asked.from ?? this.#source.newestId;
    const reader: Reader<Entry> = { ...asked, stream, position, hasMore: false };
    this.#readers.add(reader);
    this.#unsubscribe ??= this.#source.subscribe(() => this.#runSoon());
    // Who has missed much goes on as fast as it reads; who reads along is given more at a time.
    const goOn = (): void => (reader.hasMore ? void this.#run() : this.#runSoon());
    reply.raw.on("drain", () => setImmediate(goOn));
    void this.#run();
  }

  /** Ends all streams. */
  close(): void {
    this.#rest();
    this.#streams.close();
  }

  /** At once if nothing has happened for a while. */
  #runSoon(): void {
    if (this.#timer !== undefined) return;
    if (this.#isRunning) {
      this.#runLater = true;
      return;
    }
    const left = this.#ranAt + this.#pause - performance.now();
    if (left <= 0) void this.#run();
    else this.#runIn(left);
  }

  #runIn(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, milliseconds).unref();
  }

  /** Rounds over all readers until each who is ready has what there was at the beginning. */
  async #run(): Promise<void> {
    this.#runAgain = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    const began = performance.now();
    while (this.#runAgain) {
      this.#runAgain = false;
      this.#runLater = false;
      // oxlint-disable-next-line no-await-in-loop
      await this.#round().catch(this.#fail);
    }
    this.#isRunning = false;
    this.#ranAt = performance.now();
    this.#pause = Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, this.#ranAt - began));
    if (this.#runLater && this.#readers.size > 0) this.#runIn(this.#pause);
    // An answer whose head is under way takes its first part without a word, and there may be more.
    for (const { stream } of this.#readers) if (stream.isBeginning) return this.#runIn(PAUSE_MS);
  }

  async #round(): Promise<void> {
    const pieces = new Map<string, Promise<Piece>>();
    let began = performance.now();
    for (const reader of this.#readers) {
      if (performance.now() - began > TURN_MS) {
        // oxlint-disable-next-line no-await-in-loop
        await turn();
        began = performance.now();
      }
      if (!reader.stream.isReady || reader.position === this.#source.newestId) continue;
      const key = `${reader.position} ${reader.question}`;
      const piece = pieces.get(key) ?? this.#write(reader);
      pieces.set(key, piece);
      // oxlint-disable-next-line no-await-in-loop
      const { message, next, hasMore } = await piece;
      if (message !== undefined) reader.stream.send(message);
      reader.position = next;
      reader.hasMore = hasMore;
      if (hasMore) this.#runAgain = true;
    }
  }

  async #write({ position, idOf, encode }: Reader<Entry>): Promise<Piece> {
    const { events, hasGap } = await this.#source.after(position, BATCH);
    const texts = events.map(encode).filter((text) => text !== undefined);
    const last = events.at(-1);
    // Where nothing follows although there should be something it has been let go of.
    const next = last === undefined ? this.#source.newestId : idOf(last);
    if (hasGap) texts.unshift(`event: gap\ndata: ${JSON.stringify({ after: position })}\n\n`);
    return {
      message: texts.length === 0 ? undefined : Buffer.from(texts.join("")),
      next,
      hasMore: next < this.#source.newestId,
    };
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }
}
