/** The first bytes of fields by the kind of value behind them. */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const LOW_7_BITS = 0x7f;
const MORE = 0x80;

/** A varint has at most so many bytes. */
const LONGEST_VARINT = 10;

/** How many bytes an integer of at least 0 takes as a varint. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > LOW_7_BITS; rest = Math.floor(rest / MORE)) length++;
  return length;
}

/**
 * Writes a message in protocol buffers' encoding into a buffer that grows.
 * https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  #bytes: Buffer = Buffer.allocUnsafe(4096);
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written, as a copy; the writer begins anew. */
  take(): Uint8Array {
    const taken = Uint8Array.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  /** A field of type `int64` or a smaller one: whole, and within 2^53 of 0. */
  integer(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  /** A field of type `double`, by its two halves, as a NaN would lose its bits on the way. */
  doubleBits(field: number, low: number, high: number): void {
    this.varint(field * 8 + FIXED64);
    this.#reserve(8);
    this.#bytes.writeUInt32LE(low, this.#length);
    this.#bytes.writeUInt32LE(high, this.#length + 4);
    this.#length += 8;
  }

  /** A field of type `double`. */
  double(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** A field of type `string`. */
  text(field: number, value: string): void {
    const bytes = Buffer.byteLength(value);
    this.begin(field, bytes);
    this.#reserve(bytes);
    this.#length += this.#bytes.write(value, this.#length);
  }

  /** A field of type `bytes`, or a message that is encoded already. */
  message(field: number, encoded: Uint8Array): void {
    this.begin(field, encoded.length);
    this.raw(encoded);
  }

  /** The head of a message of so many bytes, which are to follow. */
  begin(field: number, bytes: number): void {
    this.varint(field * 8 + DELIMITED);
    this.varint(bytes);
  }

  /** Bytes as they are. */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  /** A bare varint. */
  varint(value: number): void {
    this.#reserve(LONGEST_VARINT);
    if (value < 0) return this.#negative(value);
    let rest = value;
    while (rest > LOW_7_BITS) {
      this.#bytes[this.#length++] = (rest % MORE) + MORE;
      rest = Math.floor(rest / MORE);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Two's complement in 64 bits, which always takes ten bytes. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let index = 1; index < LONGEST_VARINT; index++) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) + MORE;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
