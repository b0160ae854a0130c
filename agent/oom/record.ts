/** One record of `/dev/kmsg`: `6,2567,12060784628,-;text`, lines of properties behind it. */
export interface KernelRecord {
  /** Microseconds since boot, by the kernel's own clock. */
  readonly micros: number;
  /** Goes on with a line that another record began. */
  readonly isContinuation: boolean;
  /** The task that wrote it, where the kernel tells. */
  readonly writer: string | undefined;
  /** Every character is one byte. */
  readonly text: string;
}

const SEMICOLON = 59;

const HEAD = /^(\d+),\d+,(\d+),([^,]*)(?:,.*?caller=([^,]*))?/;

/** Priorities from 8 on are of programs that write into the kernel's log. */
const KERNEL = 7;

/**
 * Parses a record of the kernel's own; undefined if it is anybody else's, or its text does not begin
 * with one of these bytes. https://docs.kernel.org/admin-guide/abi-testing.html (dev-kmsg)
 */
export function parseRecord(
  bytes: Uint8Array,
  length: number,
  mayBegin: (byte: number) => boolean,
): KernelRecord | undefined {
  const start = bytes.indexOf(SEMICOLON) + 1;
  if (start === 0 || start >= length) return undefined;
  const isContinuation = bytes.subarray(0, start).includes(CONTINUATION);
  // Most of what the kernel says is passed over here, without making a string.
  if (!isContinuation && !mayBegin(bytes[start] ?? 0)) return undefined;
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
  const [, priority, micros, flags, writer] = HEAD.exec(record.slice(0, start - 1)) ?? [];
  if (priority === undefined || Number(priority) > KERNEL) return undefined;
  const end = record.indexOf("\n", start);
  return {
    micros: Number(micros),
    isContinuation: flags === "c",
    writer,
    text: unescape(record.slice(start, end === -1 ? length : end)),
  };
}

const CONTINUATION = 99;

/** Bytes that can't be printed, and the backslash itself, stand as `\xNN`. */
function unescape(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** What a text whose characters are bytes means. */
export function decodeBytes(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}
