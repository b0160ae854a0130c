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

/** The whole number in `bytes[from, to)`; NaN unless all of it is digits. */
export function parseDigits(bytes: Uint8Array, from: number, to: number): number {
  if (from >= to) return Number.NaN;
  let value = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  return value;
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

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash;
}

function same(bytes: Uint8Array, from: number, to: number, key: Uint8Array): boolean {
  if (to - from !== key.length) return false;
  for (let at = 0; at < key.length; at++) if (bytes[from + at] !== key[at]) return false;
  return true;
}

/** Finds some keys in a file of `key value` lines. */
export class KeyedFile {
  readonly #keys: readonly Uint8Array[];
  readonly #places: ReadonlyMap<number, number>;
  readonly #values: Float64Array;

  /** @param keys in the order in which `parse` gives their values */
  constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => new TextEncoder().encode(key));
    this.#places = new Map(this.#keys.map((key, index) => [hashOf(key, 0, key.length), index]));
    this.#values = new Float64Array(keys.length);
  }

  /**
   * The values, NaN for a key that is missing or has no number. The array is used again by the next
   * call. A last line without its end is passed over: it may be cut.
   */
  parse({ bytes, length }: Text): Float64Array {
    const values = this.#values.fill(Number.NaN);
    let from = 0;
    while (from < length) {
      let space = -1;
      let hash = 0;
      let at = from;
      for (; at < length; at++) {
        const byte = bytes[at] ?? 0;
        if (byte === NEWLINE) break;
        if (byte === SPACE && space === -1) space = at;
        if (space === -1) hash = (Math.imul(hash, 31) + byte) | 0;
      }
      if (at === length) break;
      if (space !== -1) this.#take(bytes, from, space, at, hash);
      from = at + 1;
    }
    return values;
  }

  #take(bytes: Uint8Array, from: number, space: number, end: number, hash: number): void {
    const place = this.#places.get(hash);
    const key = place === undefined ? undefined : this.#keys[place];
    if (place === undefined || key === undefined || !same(bytes, from, space, key)) return;
    this.#values[place] = parseDigits(bytes, space + 1, end);
  }
}
