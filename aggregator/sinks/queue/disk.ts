import { mkdir, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { DamagedFiles } from "./damaged.ts";
import { type Due, firstRecords, pointsOf } from "./due.ts";
import { type DiskLimits, segmentBytesOf } from "./limits.ts";
import { Marks } from "./marks.ts";
import { encodeRecord, type QueueRecord } from "./record.ts";
import { SegmentReader } from "./segment-reader.ts";
import { SegmentWriter } from "./segment-writer.ts";
import {
  type FoundSegment,
  newSegment,
  readSegment,
  type Segment,
  SEGMENT_HEAD,
  segmentNumber,
} from "./segment.ts";
import { type Place, SentPlace } from "./sent-place.ts";

/** What a queue on disk is opened with. */
export interface DiskOptions {
  readonly directory: string;
  readonly limits: DiskLimits;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Records in files that are only ever appended to, and the place up to which they were sent. What
 * has been written survives the program; what it was sent is repeated once at most.
 */
export class DiskQueue {
  readonly marks: Marks = new Marks();
  /** Points that were let go as there was no room, or as they were too old. */
  dropped = 0;
  readonly #options: DiskOptions;
  readonly #segmentBytes: number;
  readonly #sent: SentPlace;
  /** Never without the one that is written to, once there was one. */
  #segments: Segment[] = [];
  #place: Place;
  #nextNumber: number;
  readonly #writer = new SegmentWriter();
  readonly #reader: SegmentReader;
  readonly #damaged: DamagedFiles;
  /** What was read and may be under way: it is not let go before it is known what became of it. */
  #out: Due | undefined;
  /** Unix milliseconds of the next record, as far as it is known. */
  #headTime: number | undefined;
  /** Nothing more is written to the newest segment. */
  #mustRoll = false;

  /** Opens a folder, which is made if it is missing, and reads what is in it. */
  static async open(options: DiskOptions): Promise<DiskQueue> {
    await mkdir(options.directory, { recursive: true });
    const { file, place } = await SentPlace.open(join(options.directory, "sent"));
    const queue = new DiskQueue(options, file, place);
    await queue.#readAll();
    return queue;
  }

  private constructor(options: DiskOptions, sent: SentPlace, place: Place) {
    this.#options = options;
    this.#sent = sent;
    this.#reader = new SegmentReader(options.logger);
    this.#damaged = new DamagedFiles(options.logger);
    this.#place = place;
    this.#nextNumber = place.segment + 1;
    this.#segmentBytes = segmentBytesOf(options.limits);
  }

  /** Files of which something could not be read. */
  get damaged(): number {
    return this.#damaged.count;
  }

  /** Bytes that have not been sent. */
  get waitingBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + this.#unsentBytes(segment), 0);
  }

  get waitingPoints(): number {
    return this.#segments.reduce((sum, { waitingPoints }) => sum + waitingPoints, 0);
  }

  /** Unix milliseconds at which the oldest that waits was taken, or shortly before. */
  get oldest(): number | undefined {
    return this.waitingPoints === 0 ? undefined : this.#headTime;
  }

  /** Appends whole deliveries: either all of them are written, or it throws and none is. */
  async write(records: readonly QueueRecord[]): Promise<void> {
    const segment = await this.#current();
    const head = segment.bytes === 0 ? [SEGMENT_HEAD, this.#snapshot()] : [];
    const bytes = Buffer.concat([...head, ...records.map(encodeRecord)]);
    await this.#writer.append(segment, bytes);
    segment.bytes += bytes.length;
    for (const { points, time, mark } of records) {
      segment.waitingPoints += points;
      segment.lastTime = time;
      this.marks.merge(mark);
    }
    this.#headTime ??= records[0]?.time;
    // It is written, whatever becomes of the rest.
    await this.makeRoom().catch((error: unknown) => {
      const { directory, logger } = this.#options;
      logger.warn({ directory, cause: messageOf(error) }, "cannot make room for what waits");
    });
  }

  /** The next records that have bodies, of at most so many bytes unless the first alone has more. */
  async read(mostBytes: number, most: number): Promise<Due | undefined> {
    for (;;) {
      const segment = this.#segments.find(({ number }) => number >= this.#place.segment);
      if (segment === undefined) return undefined;
      if (segment.number > this.#place.segment) {
        this.#place = { segment: segment.number, offset: SEGMENT_HEAD.length };
      }
      if (this.#place.offset >= segment.bytes) {
        if (segment === this.#segments.at(-1)) return undefined;
        // oxlint-disable-next-line no-await-in-loop
        await this.#leave(segment);
        continue;
      }
      // oxlint-disable-next-line no-await-in-loop
      const found = await this.#reader.read(segment, this.#place.offset, mostBytes);
      if (found === undefined) {
        // oxlint-disable-next-line no-await-in-loop
        await this.#setAside(segment);
        continue;
      }
      const since = this.#options.now() - this.#options.limits.maxAge;
      const { passedOver, records } = firstRecords(found, { mostBytes, most, since });
      for (const { end, points } of passedOver) {
        this.#place = { segment: segment.number, offset: end };
        segment.waitingPoints -= points;
        this.dropped += points;
      }
      this.#headTime = records[0]?.time ?? this.#headTime;
      if (records.length === 0) continue;
      this.#out = { segment: segment.number, records };
      return this.#out;
    }
  }

  /** The first `count` records that were read are done with. */
  async done({ segment: number, records }: Due, count: number): Promise<void> {
    const segment = this.#segments.find((one) => one.number === number);
    const points = pointsOf(records.slice(0, count));
    const last = records[Math.max(0, count - 1)];
    this.#out = undefined;
    if (last === undefined) return;
    if (segment === undefined || last.end <= this.#offsetIn(number)) {
      // The rest of it was let go meanwhile.
      this.dropped += pointsOf(records) - points;
      return;
    }
    if (count === 0) return;
    this.#place = { segment: number, offset: last.end };
    segment.waitingPoints -= points;
    this.#headTime = this.waitingPoints === 0 ? undefined : last.time;
    await this.#sent.write(this.#place);
  }

  /** Lets the oldest go where there is too much, or where it is too old. */
  async makeRoom(): Promise<void> {
    const { limits, now } = this.#options;
    for (;;) {
      const [oldest, ...rest] = this.#segments;
      if (oldest === undefined) return;
      const isOld = oldest.waitingPoints > 0 && now() - oldest.lastTime > limits.maxAge;
      const bytes = rest.reduce((sum, segment) => sum + segment.bytes, oldest.bytes);
      if (!isOld && (bytes <= limits.maxBytes || rest.length === 0)) return;
      this.#drop(oldest);
      // The file that is written to stays, as if all of it were sent.
      if (rest.length === 0) {
        oldest.waitingPoints = 0;
        this.#place = { segment: oldest.number, offset: oldest.bytes };
        return;
      }
      // oxlint-disable-next-line no-await-in-loop
      await this.#leave(oldest);
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#reader.close();
    await this.#sent.close();
  }

  #unsentBytes({ number, bytes }: Segment): number {
    return Math.max(0, bytes - this.#offsetIn(number));
  }

  /** Up to where a segment has been sent. */
  #offsetIn(number: number): number {
    if (number < this.#place.segment) return Number.POSITIVE_INFINITY;
    return number === this.#place.segment ? this.#place.offset : SEGMENT_HEAD.length;
  }

  /** Up to where everything has been taken: what a segment begins with, as those before it will go. */
  #snapshot(): Buffer {
    const time = this.#options.now();
    const body = new Uint8Array();
    return encodeRecord({ time, points: 0, body, mark: this.marks.encode(time), isLast: true });
  }

  async #current(): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.bytes < this.#segmentBytes && !this.#mustRoll) return last;
    await this.#writer.close();
    const made = newSegment(this.#options.directory, this.#nextNumber++);
    this.#segments.push(made);
    this.#mustRoll = false;
    return made;
  }

  /** A segment of which the rest can't be read is no more; what is newer goes on. */
  async #setAside(segment: Segment): Promise<void> {
    this.#drop(segment);
    if (segment === this.#segments.at(-1)) this.#mustRoll = true;
    await this.#forget(segment);
    await this.#damaged.setAside(segment);
  }

  #drop({ number, waitingPoints }: Segment): void {
    const out = this.#out?.segment === number ? pointsOf(this.#out.records) : 0;
    this.dropped += waitingPoints - out;
  }

  /** All of it is done with. */
  async #leave(segment: Segment): Promise<void> {
    await this.#forget(segment);
    await unlink(segment.path).catch((error: unknown) => {
      const cause = messageOf(error);
      this.#options.logger.warn({ path: segment.path, cause }, "cannot remove what was sent");
    });
  }

  async #forget(segment: Segment): Promise<void> {
    if (segment === this.#segments.at(-1)) await this.#writer.close();
    this.#segments = this.#segments.filter((one) => one !== segment);
    if (this.#place.segment <= segment.number) {
      const next = this.#segments[0]?.number ?? this.#nextNumber;
      this.#place = { segment: next, offset: SEGMENT_HEAD.length };
    }
    await this.#reader.leave(segment);
  }

  async #readAll(): Promise<void> {
    const { directory } = this.#options;
    const names = await readdir(directory);
    const numbers = names.flatMap((name) => segmentNumber(name) ?? []).toSorted((a, b) => a - b);
    this.#nextNumber = Math.max(this.#nextNumber, (numbers.at(-1) ?? 0) + 1);
    for (const number of numbers) {
      // One after the other: each is read whole.
      // oxlint-disable-next-line no-await-in-loop
      const found = await readSegment(directory, number);
      this.#damaged.found(found);
      this.#takeFound(found);
    }
    const [first] = this.#segments;
    const isBehind = first !== undefined && this.#place.segment < first.number;
    if (isBehind) this.#place = { segment: first.number, offset: SEGMENT_HEAD.length };
    await this.#forgetSent();
    await this.#damaged.tidy(directory, names);
    await this.makeRoom();
  }

  #takeFound({ segment, records }: FoundSegment): void {
    const { number } = segment;
    const end = Math.max(segment.bytes, SEGMENT_HEAD.length);
    // What was sent may be among what is damaged now.
    if (number === this.#place.segment && this.#place.offset > end) {
      this.#place = { segment: number, offset: end };
    }
    for (const { mark, points, end: recordEnd, time, body } of records) {
      this.marks.merge(mark);
      if (recordEnd <= this.#offsetIn(number)) continue;
      segment.waitingPoints += points;
      if (body.length > 0) this.#headTime ??= time;
    }
    this.#segments.push(segment);
  }

  /** What was sent but not removed any more when the program ended. */
  async #forgetSent(): Promise<void> {
    // It becomes another list with each that goes.
    for (const segment of this.#segments) {
      // oxlint-disable-next-line no-await-in-loop
      if (segment.number < this.#place.segment) await this.#leave(segment);
    }
  }
}
