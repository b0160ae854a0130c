import { crc32 } from "node:zlib";

/** A line of a segment, understood: the event's own text is parsed only where it is wanted. */
export interface SegmentLine {
  readonly id: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** The event as JSON. */
  readonly text: string;
}

const SUM_DIGITS = 8;

/**
 * A line as it is written: a checksum, the id, the time, the event. So a segment can be searched
 * without understanding every event, and a line that was cut or overwritten is noticed.
 */
export function encodeLine({ id, time, text }: SegmentLine): string {
  const rest = `${id} ${time} ${text}`;
  return `${sumOf(rest)} ${rest}\n`;
}

/** Understands a line without its end; undefined if it is not what was written. */
function parseLine(line: string): SegmentLine | undefined {
  const rest = line.slice(SUM_DIGITS + 1);
  if (line[SUM_DIGITS] !== " " || line.slice(0, SUM_DIGITS) !== sumOf(rest)) return undefined;
  const idEnd = rest.indexOf(" ");
  const timeEnd = rest.indexOf(" ", idEnd + 1);
  if (idEnd < 1 || timeEnd === -1) return undefined;
  const time = Number(rest.slice(idEnd + 1, timeEnd));
  return { id: rest.slice(0, idEnd), time, text: rest.slice(timeEnd + 1) };
}

/** What a segment holds. */
export interface SegmentContent {
  readonly lines: readonly SegmentLine[];
  /** Bytes up to the end of the last whole line. */
  readonly goodBytes: number;
  /** Lines that are not what was written. */
  readonly broken: number;
}

/** Understands a whole segment; the rest of a line that was cut counts as broken. */
export function parseSegment(bytes: Buffer): SegmentContent {
  const text = bytes.toString("utf8");
  const ends = text.lastIndexOf("\n") + 1;
  const parsed = text.slice(0, ends).split("\n").slice(0, -1).map(parseLine);
  const lines = parsed.filter((line) => line !== undefined);
  const goodBytes = bytes.lastIndexOf(0x0a) + 1;
  return {
    lines,
    goodBytes,
    broken: parsed.length - lines.length + (goodBytes < bytes.length ? 1 : 0),
  };
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(SUM_DIGITS, "0");
}
