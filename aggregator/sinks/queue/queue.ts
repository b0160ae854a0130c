import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Parcel } from "../sink.ts";
import { DiskQueue } from "./disk.ts";
import { type Due, pointsOf } from "./due.ts";
import type { DiskLimits } from "./limits.ts";
import { Marks } from "./marks.ts";
import { type Group, MemoryQueue } from "./memory.ts";
import type { QueueRecord } from "./record.ts";

/** What a queue is opened with. */
export interface QueueOptions {
  /** Undefined: in memory only. */
  readonly directory: string | undefined;
  readonly limits: DiskLimits;
  readonly now: () => number;
  readonly logger: Logger;
}

/** The next parcels to be sent; nobody else is given any until it is told what became of them. */
export interface Lent {
  readonly records: readonly QueueRecord[];
  /** Where they are on disk; undefined for those in memory. */
  readonly due?: Due;
}

/** How a queue stands. */
export interface QueueState {
  readonly waitingPoints: number;
  readonly waitingBytes: number;
  readonly capacityBytes: number;
  readonly oldest?: number;
  readonly droppedPoints: number;
  readonly damagedFiles: number;
  /** Why nothing is written to the disk; absent if it is, or need not be. */
  readonly trouble?: string;
}

/** So much waits in memory for a disk that takes nothing, or where there is none. */
const MOST_MEMORY_BYTES = 32 << 20;
const BATCH_BYTES = 4 << 20;
const RETRY_MS = 1000;

/**
 * What waits for one sink, in the order in which it came: on disk, and in memory what the disk does
 * not take or where there is none.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #disk: DiskQueue | undefined;
  readonly #memory: MemoryQueue;
  /** Where there is no disk. */
  readonly #marks = new Marks();
  readonly #listeners = new Set<() => void>();
  /** Of what was sent from memory: to be written as soon as the disk takes something. */
  #unwritten = new Marks();
  /** What uses the files does it one after the other. */
  #lane: Promise<void> = Promise.resolve();
  #writing = { points: 0, bytes: 0 };
  #isWriting = false;
  #lent: Lent | undefined;
  #trouble: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Opens the queue; throws if its folder can't be made or read. */
  static async open(options: QueueOptions): Promise<Queue> {
    const { directory, ...rest } = options;
    const disk = directory === undefined ? undefined : await DiskQueue.open({ ...rest, directory });
    return new Queue(options, disk);
  }

  private constructor(options: QueueOptions, disk: DiskQueue | undefined) {
    this.#options = options;
    this.#disk = disk;
    this.#memory = new MemoryQueue(Math.min(options.limits.maxBytes, MOST_MEMORY_BYTES));
  }

  /** Up to where everything has been taken and is safe. */
  get marks(): Marks {
    return this.#disk?.marks ?? this.#marks;
  }

  /** Calls back when there may be something new to send. */
  onMore(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Takes a delivery and returns at once. Its mark is kept with it: both are safe, or neither. */
  append(parcels: readonly Parcel[], mark: string): void {
    const time = this.#options.now();
    const bodies = parcels.filter(({ body }) => body.length > 0);
    const all = bodies.length === 0 ? [{ body: new Uint8Array(), points: 0 }] : bodies;
    const group = all.map(({ body, points }, index) => {
      const isLast = index === all.length - 1;
      return { time, points, body, mark: isLast ? mark : "", isLast };
    });
    if (this.#disk === undefined) {
      this.#marks.merge(mark);
      if (bodies.length === 0) return;
    }
    this.#memory.push(group);
    if (this.#isInMemory()) this.#tell();
    void this.#write();
  }

  /** Resolves when everything appended so far is on disk, or the disk has refused it. */
  async flush(): Promise<void> {
    await this.#inTurn(async () => undefined);
  }

  /** The next parcels; undefined if there are none. */
  lend(mostBytes: number, most: number): Promise<Lent | undefined> {
    return this.#inTurn(async () => {
      const { limits, now } = this.#options;
      const due = await this.#disk?.read(mostBytes, most);
      if (due !== undefined) this.#lent = { records: due.records, due };
      else if (this.#isInMemory()) {
        this.#memory.forgetBefore(now() - limits.maxAge);
        const records = this.#memory.takeRecords(mostBytes, most);
        if (records.length > 0) this.#lent = { records };
      }
      return this.#lent;
    });
  }

  /** The first `count` of what was lent is done with; the rest waits again. */
  async done(lent: Lent, count: number): Promise<void> {
    await this.#inTurn(async () => {
      this.#lent = undefined;
      if (lent.due === undefined) {
        for (const { mark } of lent.records.slice(0, count)) this.#unwritten.merge(mark);
        if (count < lent.records.length) this.#memory.putBack([lent.records.slice(count)]);
        return;
      }
      try {
        await this.#disk?.done(lent.due, count);
      } catch (error) {
        this.#fail(error);
      }
    });
    if (!this.#memory.isEmpty) void this.#write();
  }

  /** Lets go of what is too old, also while nothing is sent. */
  async tidy(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#disk?.makeRoom();
    });
  }

  state(): QueueState {
    const lent = this.#lent?.due === undefined ? (this.#lent?.records ?? []) : [];
    const bytes = lent.reduce((sum, { body }) => sum + body.length, 0);
    const disk = this.#disk;
    const oldest = disk?.oldest ?? lent[0]?.time ?? this.#memory.oldest;
    const { maxBytes } = this.#options.limits;
    const memory = this.#memory;
    return {
      waitingPoints:
        (disk?.waitingPoints ?? 0) + memory.points + this.#writing.points + pointsOf(lent),
      waitingBytes: (disk?.waitingBytes ?? 0) + memory.bytes + this.#writing.bytes + bytes,
      capacityBytes: disk === undefined ? Math.min(maxBytes, MOST_MEMORY_BYTES) : maxBytes,
      ...(oldest === undefined ? {} : { oldest }),
      droppedPoints: (disk?.dropped ?? 0) + memory.dropped,
      damagedFiles: disk?.damaged ?? 0,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }

  /** Writes what it can; points that nobody will have any more are spoken of. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#write();
    await this.#inTurn(async () => this.#disk?.close());
    const { points } = this.#memory;
    if (points > 0) {
      this.#options.logger.warn({ points }, "what waited for a store in memory is lost at the end");
    }
  }

  #write(): Promise<void> {
    if (this.#isWriting || (this.#trouble !== undefined && this.#timer !== undefined)) {
      return this.#lane;
    }
    this.#isWriting = true;
    return this.#inTurn(() => this.#drain()).finally(() => this.#tell());
  }

  /** Nothing of it may come before what was lent from memory and may come back. */
  async #drain(): Promise<void> {
    try {
      const disk = this.#disk;
      if (disk === undefined) return;
      while (!this.#memory.isEmpty && !this.#isLentFromMemory()) {
        // oxlint-disable-next-line no-await-in-loop
        if (!(await this.#writeSome(disk))) return;
      }
    } finally {
      this.#isWriting = false;
    }
  }

  /** Whether what comes does not get to the disk, so that it is sent from memory. */
  #isInMemory(): boolean {
    return this.#disk === undefined || this.#trouble !== undefined;
  }

  #isLentFromMemory(): boolean {
    return this.#lent !== undefined && this.#lent.due === undefined;
  }

  async #writeSome(disk: DiskQueue): Promise<boolean> {
    const { bytes, points } = this.#memory;
    const groups = this.#memory.takeGroups(BATCH_BYTES);
    this.#writing = { bytes: bytes - this.#memory.bytes, points: points - this.#memory.points };
    const written = await this.#attempt(disk, groups);
    this.#writing = { bytes: 0, points: 0 };
    if (!written) this.#memory.putBack(groups);
    return written;
  }

  async #attempt(disk: DiskQueue, groups: readonly Group[]): Promise<boolean> {
    const time = this.#options.now();
    const mark = this.#unwritten.encode(time);
    const sent = { time, points: 0, body: new Uint8Array(), mark, isLast: true };
    try {
      await disk.write([...(mark === "" ? [] : [sent]), ...groups.flat()]);
      this.#unwritten = new Marks();
    } catch (error) {
      this.#fail(error);
      this.#tryAgain();
      return false;
    }
    if (this.#trouble !== undefined) this.#options.logger.info("what waits is on disk again");
    this.#trouble = undefined;
    return true;
  }

  #tryAgain(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, RETRY_MS);
  }

  #fail(error: unknown): void {
    const cause = messageOf(error);
    if (this.#trouble === undefined) {
      const { directory, logger } = this.#options;
      logger.warn(
        { directory, cause },
        "cannot write what waits to disk; a little is kept in memory",
      );
    }
    this.#trouble = cause;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lane.then(work);
    this.#lane = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
