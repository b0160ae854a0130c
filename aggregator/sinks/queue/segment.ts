import { open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type Parsed, parseRecords, type PlacedRecord } from "./record.ts";

/** What a file of a queue begins with: it says what follows, and in which version. */
export const SEGMENT_HEAD: Buffer = Buffer.from("plimsoll queue 1\n");

/** A file of records, in the order in which they came. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  /** Bytes up to the end of its last whole delivery. */
  bytes: number;
  /** Points that have not been sent. */
  waitingPoints: number;
  /** Unix milliseconds of its newest record; -Infinity if it has none. */
  lastTime: number;
}

/** A segment that was read at the start. */
export interface FoundSegment {
  readonly segment: Segment;
  readonly records: readonly PlacedRecord[];
  /** Bytes that were set aside as nobody wrote them like that. */
  readonly damagedBytes: number;
  /** Where they are now. */
  readonly damagedPath?: string;
}

const SUFFIX = ".queue";
const DIGITS = 12;

/** What set-aside pieces of segments end with. */
export const DAMAGED_SUFFIX = ".damaged";

/** The path of a segment. */
function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(DIGITS, "0")}${SUFFIX}`);
}

/** The number of a segment by the name of its file; undefined if it is none. */
export function segmentNumber(name: string): number | undefined {
  const [, digits] = /^(\d{12})\.queue$/u.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** One that has nothing in it. */
export function newSegment(directory: string, number: number): Segment {
  const path = segmentPath(directory, number);
  return { number, path, bytes: 0, waitingPoints: 0, lastTime: Number.NEGATIVE_INFINITY };
}

/**
 * Reads a segment. A delivery that was being written when the program ended is cut off: whoever
 * restarts hands it in again. What is damaged is set aside with all that follows it.
 */
export async function readSegment(directory: string, number: number): Promise<FoundSegment> {
  const segment = newSegment(directory, number);
  const bytes = await readFile(segment.path);
  const hasHead = bytes.subarray(0, SEGMENT_HEAD.length).equals(SEGMENT_HEAD);
  if (!hasHead) return readHeadless(segment, bytes);
  const parsed = parseRecords(bytes, SEGMENT_HEAD.length);
  const records = keptOf(parsed);
  segment.bytes = records.at(-1)?.end ?? SEGMENT_HEAD.length;
  segment.lastTime = records.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
  if (parsed.rest !== "damaged") {
    if (segment.bytes < bytes.length) await truncate(segment.path, segment.bytes);
    return { segment, records, damagedBytes: 0 };
  }
  const damagedPath = `${segment.path}${DAMAGED_SUFFIX}`;
  await writeFile(damagedPath, bytes.subarray(parsed.end));
  await truncate(segment.path, segment.bytes);
  return { segment, records, damagedBytes: bytes.length - parsed.end, damagedPath };
}

/** Of what was cut only whole deliveries count; of what was damaged every record that can be read. */
function keptOf({ records, rest }: Parsed): readonly PlacedRecord[] {
  if (rest === "damaged") return records;
  return records.slice(0, records.findLastIndex(({ isLast }) => isLast) + 1);
}

async function readHeadless(segment: Segment, bytes: Buffer): Promise<FoundSegment> {
  const isCut = SEGMENT_HEAD.subarray(0, bytes.length).equals(bytes);
  if (isCut || bytes.every((byte) => byte === 0)) {
    await truncate(segment.path, 0);
    return { segment, records: [], damagedBytes: 0 };
  }
  const damagedPath = `${segment.path}${DAMAGED_SUFFIX}`;
  await rename(segment.path, damagedPath);
  await writeFile(segment.path, "");
  return { segment, records: [], damagedBytes: bytes.length, damagedPath };
}

async function truncate(path: string, bytes: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(bytes);
  } finally {
    await file.close();
  }
}
