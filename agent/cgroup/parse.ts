/**
 * Parsers over bytes, for the formats of cgroup files. They make no strings: tens of
 * thousands of lines are read each second. A number that is not all digits is NaN, never a guess.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#interface-files
 */

const NEWLINE = 10;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;

/** The bytes of one file: `length` of them, at the beginning of `bytes`. */
export interface Text {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** 64 bits need no more. */
const MOST_DIGITS = 20;

/** The whole number in `bytes[from, to)`; NaN unless all of it is digits, and no more than 64 bits have. */
export function parseDigits(bytes: Uint8Array, from: number, to: number): number {
  if (from >= to || to - from > MOST_DIGITS) return Number.NaN;
  let value = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  // Digit by digit it has been rounded more than once: 2^53 ns are 104 days of one CPU.
  return Number(String.fromCharCode(...bytes.subarray(from, to)));
}

function endOfLine(bytes: Uint8Array, from: number, length: number): number {
  let at = from;
  while (at < length && bytes[at] !== NEWLINE) at++;
  return at;
}

const NO_LIMIT = ["max", "-1"].map((word) => new TextEncoder().encode(word));

/** A file that holds one number; no limit (`max`, in v1 -1) is Infinity; NaN if it holds anything else. */
export function parseNumber({ bytes, length }: Text): number {
  const end = endOfLine(bytes, 0, length);
  const value = parseDigits(bytes, 0, end);
  if (!Number.isNaN(value)) return value;
  return NO_LIMIT.some((word) => same(bytes, 0, end, word)) ? Number.POSITIVE_INFINITY : value;
}

/** How many lines a file has. */
export function countLines({ bytes, length }: Text): number {
  let lines = 0;
  for (let at = 0; at < length; at++) if (bytes[at] === NEWLINE) lines++;
  return lines;
}

/** The number in the first line; NaN if there is none. */
export function parseFirstLine({ bytes, length }: Text): number {
  return parseDigits(bytes, 0, endOfLine(bytes, 0, length));
}

/** The numbers of a list of one a line, such as `cgroup.procs`; NaN for a line that is none. */
export function parseList({ bytes, length }: Text): number[] {
  const numbers: number[] = [];
  for (let from = 0; from < length;) {
    const end = endOfLine(bytes, from, length);
    numbers.push(end < length ? parseDigits(bytes, from, end) : Number.NaN);
    from = end + 1;
  }
  return numbers;
}

function same(bytes: Uint8Array, from: number, to: number, key: Uint8Array): boolean {
  if (to - from !== key.length) return false;
  for (let at = 0; at < key.length; at++) if (bytes[from + at] !== key[at]) return false;
  return true;
}

/** What a line begins with, up to and including the blank: compared four bytes at a time. */
interface Line {
  readonly length: number;
  readonly words: readonly number[];
  /** Of its value among those that are asked for; -1 = not asked for. */
  readonly place: number;
}

const WORD = 4;

/** A line of which nothing is asked. */
const OTHER: Line = { length: 0, words: [], place: -1 };

function wordsOf(view: DataView, from: number, length: number): number[] {
  const words: number[] = [];
  for (let at = 0; at + WORD <= length; at += WORD) words.push(view.getUint32(from + at));
  // The last word overlaps the one before, so that the bytes behind the line's beginning don't matter.
  if (length % WORD !== 0) words.push(view.getUint32(from + length - WORD));
  return words;
}

function beginsWith(view: DataView, from: number, { length, words }: Line): boolean {
  const whole = length >> 2;
  for (let word = 0; word < whole; word++) {
    if (view.getUint32(from + word * WORD) !== words[word]) return false;
  }
  return whole === words.length || view.getUint32(from + length - WORD) === words[whole];
}

/**
 * Finds some keys in a file of `key value` lines. The kernel writes the lines in the same order each
 * time, so it remembers what each line began with and compares that before it looks for keys.
 */
export class KeyedFile {
  readonly #keys: readonly Uint8Array[];
  readonly #values: Float64Array;
  readonly #lines: Line[] = [];
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** @param keys in the order in which `parse` gives their values */
  constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => new TextEncoder().encode(key));
    this.#values = new Float64Array(keys.length);
  }

  /**
   * The values, NaN for a key that is missing or has no number. The array is used again by the next
   * call. A last line without its end is passed over: it may be cut.
   */
  parse({ bytes, length }: Text): Float64Array {
    const values = this.#values.fill(Number.NaN);
    const view = this.#viewOf(bytes);
    let from = 0;
    for (let index = 0; from < length; index++) {
      let line = this.#lines[index];
      if (line === undefined || from + line.length > length || !beginsWith(view, from, line)) {
        line = this.#look(bytes, from, length);
        if (line.words.length > 0) this.#lines[index] = line;
      }
      const begin = from + line.length;
      const end = endOfLine(bytes, begin, length);
      if (end === length) break;
      if (line.place !== -1) values[line.place] = parseDigits(bytes, begin, end);
      from = end + 1;
    }
    return values;
  }

  #viewOf(bytes: Uint8Array): DataView {
    const { buffer, byteOffset, byteLength } = bytes;
    if (this.#view.buffer !== buffer || this.#view.byteOffset !== byteOffset) {
      this.#view = new DataView(buffer, byteOffset, byteLength);
    }
    return this.#view;
  }

  #look(bytes: Uint8Array, from: number, length: number): Line {
    let at = from;
    while (at < length && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at++;
    if (at === length || bytes[at] === NEWLINE) return OTHER;
    const place = this.#keys.findIndex((key) => same(bytes, from, at, key));
    const size = at + 1 - from;
    // Too short for a word: not remembered, but looked for each time.
    if (size < WORD) return { length: size, words: [], place };
    return { length: size, words: wordsOf(this.#view, from, size), place };
  }
}
