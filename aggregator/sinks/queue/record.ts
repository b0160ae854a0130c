/**
 * How what waits is written down: records one after the other, each with two checksums, so that a
 * record that was cut is told from one that was overwritten. Little-endian:
 *
 *     0  u32  CRC-32 of the next 28 bytes
 *     4  u32  CRC-32 of mark and body
 *     8  u32  bytes of the body
 *    12  u32  points in the body
 *    16  f64  when it was taken, Unix milliseconds
 *    24  u32  bytes of the mark
 *    28  u32  flags; 1: the last record of its delivery
 *    32       the mark, then the body
 */

import { crc32 } from "node:zlib";

/** A parcel as it waits; one with an empty body only has a mark. */
export interface QueueRecord {
  /** Unix milliseconds at which it was taken. */
  readonly time: number;
  readonly points: number;
  readonly body: Uint8Array;
  /** What has been taken up to here, encoded; empty if it says nothing. */
  readonly mark: string;
  /** With it a delivery is whole. */
  readonly isLast: boolean;
}

/** A record and where the next one begins. */
export interface PlacedRecord extends QueueRecord {
  readonly end: number;
}

/** What bytes hold from a place on. */
export interface Parsed {
  readonly records: readonly PlacedRecord[];
  /** Behind the last record that is whole. */
  readonly end: number;
  /** What follows it: nothing, the beginning of a record, or something that is none. */
  readonly rest: "none" | "cut" | "damaged";
  /** Bytes that the record that was cut has in all; 0 if not even that is known. */
  readonly wanted: number;
}

/** Bytes before each record's mark and body. */
const HEADER_BYTES = 32;

/** A record on disk. */
export function encodeRecord({ time, points, body, mark, isLast }: QueueRecord): Buffer {
  const marked = Buffer.from(mark);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + marked.length + body.length);
  marked.copy(bytes, HEADER_BYTES);
  bytes.set(body, HEADER_BYTES + marked.length);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES)), 4);
  bytes.writeUInt32LE(body.length, 8);
  bytes.writeUInt32LE(points, 12);
  bytes.writeDoubleLE(time, 16);
  bytes.writeUInt32LE(marked.length, 24);
  bytes.writeUInt32LE(isLast ? 1 : 0, 28);
  bytes.writeUInt32LE(crc32(bytes.subarray(4, HEADER_BYTES)), 0);
  return bytes;
}

/** Understands records from a place on; their bodies are views into the bytes. */
export function parseRecords(bytes: Buffer, from: number): Parsed {
  const records: PlacedRecord[] = [];
  let end = from;
  while (end < bytes.length) {
    if (bytes.length - end < HEADER_BYTES) return { records, end, rest: "cut", wanted: 0 };
    if (bytes.readUInt32LE(end) !== crc32(bytes.subarray(end + 4, end + HEADER_BYTES))) {
      // After a power cut a file may be longer than what was written, by zeros.
      const rest = bytes.subarray(end).every((byte) => byte === 0) ? "cut" : "damaged";
      return { records, end, rest, wanted: 0 };
    }
    const record = readRecord(bytes, end);
    if (record.end > bytes.length) return { records, end, rest: "cut", wanted: record.end - end };
    const sum = crc32(bytes.subarray(end + HEADER_BYTES, record.end));
    if (bytes.readUInt32LE(end + 4) !== sum) return { records, end, rest: "damaged", wanted: 0 };
    records.push(record);
    end = record.end;
  }
  return { records, end, rest: "none", wanted: 0 };
}

function readRecord(bytes: Buffer, at: number): PlacedRecord {
  const bodyStart = at + HEADER_BYTES + bytes.readUInt32LE(at + 24);
  const end = bodyStart + bytes.readUInt32LE(at + 8);
  return {
    time: bytes.readDoubleLE(at + 16),
    points: bytes.readUInt32LE(at + 12),
    body: bytes.subarray(bodyStart, end),
    mark: bytes.toString("utf8", at + HEADER_BYTES, bodyStart),
    isLast: (bytes.readUInt32LE(at + 28) & 1) !== 0,
    end,
  };
}
