import { mkdir, open, readdir, readFile, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { encodeLine, parseSegment, type SegmentLine } from "./segment-lines.ts";

/** How much is kept, and where. */
export interface SegmentOptions {
  readonly directory: string;
  readonly maxEvents: number;
  /** Milliseconds. */
  readonly maxAge: number;
  readonly maxBytes: number;
  /** Bytes after which a new file is begun: what is let go is let go in such pieces. */
  readonly segmentBytes?: number;
  readonly now: () => number;
  readonly logger: Logger;
}

/** How the store stands. */
export interface SegmentState {
  readonly bytes: number;
  readonly events: number;
  /** Events that wait for the disk. */
  readonly waiting: number;
  /** Events that the disk never took. */
  readonly lost: number;
  /** Lines that could not be read. */
  readonly broken: number;
  readonly trouble?: string;
}

/** A file of events, in the order of their ids. */
interface Segment {
  readonly path: string;
  events: number;
  bytes: number;
  firstTime: number;
  lastTime: number;
  lastId: string;
}

const SEGMENT_BYTES = 1 << 20;
const SUFFIX = ".events";
/** So many events wait for a disk that takes none; of more the oldest are not written any more. */
const MOST_WAITING = 20_000;
const RETRY_MS = 1000;
/** So many are written at a time: many, as each write takes some turns of a loop that may be busy. */
const BATCH = 5000;
/** The oldest of too many that wait are let go of together, as each step moves all the others. */
const LOST_AT_ONCE = 1000;

/**
 * Keeps events in files of lines that are only ever appended to, so that whatever ends the program
 * costs no more than what was just being written. A disk that is full is asked again each second.
 */
export class Segments {
  readonly #options: SegmentOptions;
  readonly #segments: Segment[];
  #file: FileHandle | undefined;
  #waiting: SegmentLine[] = [];
  #writing: Promise<void> | undefined;
  #isClosed = false;
  #lost = 0;
  #broken: number;
  #trouble: string | undefined;
  /** The file that was read last: who reads piece by piece asks for it again and again. */
  #read:
    | { readonly path: string; readonly bytes: number; readonly lines: SegmentLine[] }
    | undefined;

  /** Opens a folder and reads what is in it; throws if it can't be made. */
  static async open(options: SegmentOptions): Promise<Segments> {
    await mkdir(options.directory, { recursive: true });
    const names = (await readdir(options.directory)).filter((name) => name.endsWith(SUFFIX));
    const segments: Segment[] = [];
    let broken = 0;
    for (const name of names.toSorted()) {
      // One after the other: each is read whole.
      // oxlint-disable-next-line no-await-in-loop
      const found = await openSegment(join(options.directory, name), options.logger);
      segments.push(found.segment);
      broken += found.broken;
    }
    return new Segments(options, segments, broken);
  }

  private constructor(options: SegmentOptions, segments: Segment[], broken: number) {
    this.#options = options;
    this.#segments = segments;
    this.#broken = broken;
  }

  /** The id of the newest event; empty if there is none. */
  get lastId(): string {
    return this.#segments.at(-1)?.lastId ?? "";
  }

  state(): SegmentState {
    return {
      bytes: this.#segments.reduce((sum, { bytes }) => sum + bytes, 0),
      events: this.#segments.reduce((sum, { events }) => sum + events, 0),
      waiting: this.#waiting.length,
      lost: this.#lost,
      broken: this.#broken,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }

  /** Takes an event and returns at once. */
  append(line: SegmentLine): void {
    this.#waiting.push(line);
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.splice(0, LOST_AT_ONCE);
      this.#lost += LOST_AT_ONCE;
    }
    this.#writing ??= this.#write();
  }

  /** Resolves when everything appended so far has been written, or the disk has refused it. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Kept events of a time, the newest files first and in each the newest last. */
  async *read(start: number, end: number): AsyncGenerator<readonly SegmentLine[]> {
    await this.flush();
    for (const segment of this.#segments.toReversed()) {
      if (segment.events === 0 || segment.lastTime < start || segment.firstTime > end) continue;
      yield await this.#readLines(segment);
    }
  }

  /** The first file that has something behind an id, and whether anything up to the id is kept. */
  async firstAfter(id: string): Promise<{ lines: readonly SegmentLine[]; isKnown: boolean }> {
    await this.flush();
    const index = this.#segments.findIndex(({ lastId }) => lastId > id);
    const segment = this.#segments[index];
    if (segment === undefined) return { lines: [], isKnown: this.lastId === id };
    const lines = await this.#readLines(segment);
    return { lines, isKnown: index > 0 || (lines[0]?.id ?? "") <= id };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    await this.#file?.close();
    this.#file = undefined;
  }

  async #readLines({ path, bytes }: Segment): Promise<readonly SegmentLine[]> {
    if (this.#read?.path === path && this.#read.bytes === bytes) return this.#read.lines;
    const content = await readFile(path).catch((error: unknown) => {
      this.#say(error);
      return undefined;
    });
    const lines = [...parseSegment(content ?? Buffer.alloc(0)).lines];
    if (content?.length === bytes) this.#read = { path, bytes, lines };
    return lines;
  }

  async #write(): Promise<void> {
    // What else happens now goes with it.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      // oxlint-disable-next-line no-await-in-loop
      if (await this.#writeBatch(batch)) continue;
      this.#waiting.unshift(...batch);
      if (!this.#isClosed) setTimeout(() => this.#again(), RETRY_MS).unref();
      break;
    }
    this.#writing = undefined;
  }

  #again(): void {
    if (!this.#isClosed && this.#waiting.length > 0) this.#writing ??= this.#write();
  }

  async #writeBatch(batch: readonly SegmentLine[]): Promise<boolean> {
    try {
      const segment = await this.#current(batch[0] ?? noLine);
      const bytes = Buffer.from(batch.map(encodeLine).join(""));
      await this.#appendTo(segment, bytes);
      for (const line of batch) count(segment, line);
      segment.bytes += bytes.length;
      this.#trouble = undefined;
      return true;
    } catch (error) {
      this.#say(error);
      return false;
    }
  }

  /** All of it or nothing: what a full disk took of it is cut off again. */
  async #appendTo(segment: Segment, bytes: Buffer): Promise<void> {
    this.#file ??= await open(segment.path, "a");
    try {
      await this.#file.appendFile(bytes);
    } catch (error) {
      await this.#file.truncate(segment.bytes).catch(() => undefined);
      await this.#file.close().catch(() => undefined);
      this.#file = undefined;
      throw error;
    }
  }

  async #current(first: SegmentLine): Promise<Segment> {
    const last = this.#segments.at(-1);
    const { segmentBytes = SEGMENT_BYTES, directory } = this.#options;
    if (last !== undefined && last.bytes < segmentBytes) return last;
    await this.#file?.close();
    this.#file = undefined;
    const made = newSegment(join(directory, `${first.id}${SUFFIX}`));
    this.#segments.push(made);
    await this.#forget();
    return made;
  }

  /** Removes the oldest files while there is too much without them. */
  async #forget(): Promise<void> {
    const { maxAge, maxBytes, maxEvents, now } = this.#options;
    for (;;) {
      const [oldest, ...rest] = this.#segments;
      if (oldest === undefined || rest.length === 0) return;
      const bytes = rest.reduce((sum, segment) => sum + segment.bytes, 0);
      const events = rest.reduce((sum, segment) => sum + segment.events, 0);
      const isOld = now() - oldest.lastTime > maxAge;
      if (!isOld && bytes < maxBytes && events < maxEvents) return;
      this.#segments.shift();
      // oxlint-disable-next-line no-await-in-loop
      await unlink(oldest.path).catch((error: unknown) => this.#say(error));
    }
  }

  #say(error: unknown): void {
    const cause = messageOf(error);
    if (this.#trouble === undefined) {
      const { directory } = this.#options;
      this.#options.logger.warn({ directory, cause }, "cannot keep events on disk");
    }
    this.#trouble = cause;
  }
}

const noLine: SegmentLine = { id: "", time: 0, text: "" };

function newSegment(path: string): Segment {
  return {
    path,
    events: 0,
    bytes: 0,
    firstTime: Number.POSITIVE_INFINITY,
    lastTime: Number.NEGATIVE_INFINITY,
    lastId: "",
  };
}

function count(segment: Segment, { id, time }: SegmentLine): void {
  segment.events++;
  segment.firstTime = Math.min(segment.firstTime, time);
  segment.lastTime = Math.max(segment.lastTime, time);
  segment.lastId = id;
}

/** Reads a file; the rest of a line that was cut when the program ended is cut off. */
async function openSegment(
  path: string,
  logger: Logger,
): Promise<{ readonly segment: Segment; readonly broken: number }> {
  const segment = newSegment(path);
  const bytes = await readFile(path);
  const { lines, goodBytes, broken } = parseSegment(bytes);
  for (const line of lines) count(segment, line);
  segment.bytes = goodBytes;
  if (goodBytes < bytes.length) {
    const file = await open(path, "r+");
    try {
      await file.truncate(goodBytes);
    } finally {
      await file.close();
    }
  }
  if (broken > 0) logger.warn({ path, broken }, "events on disk were damaged; the rest is kept");
  return { segment, broken };
}
