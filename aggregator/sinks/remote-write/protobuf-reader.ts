/** A field of a message: of a varint its value, of everything else its bytes. */
export interface Field {
  readonly number: number;
  /** NaN for what is no varint. */
  readonly value: number;
  /** Empty for a varint. */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** How many bytes stand behind the head of a field, by its wire type; the others are no longer in use. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

interface Varint {
  readonly value: number;
  readonly end: number;
}

/**
 * The fields of a message in their order; the bytes are parts of the message, not copies. Throws
 * Error for what is no message.
 * https://protobuf.dev/programming-guides/encoding/
 */
export function* readFields(message: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < message.length) {
    const head = readVarint(message, at);
    const number = Math.floor(head.value / 8);
    const wire = head.value % 8;
    if (wire === 0) {
      const { value, end } = readVarint(message, head.end);
      yield { number, value, bytes: NOTHING };
      at = end;
      continue;
    }
    const fixed = FIXED[wire];
    const { value: length, end: start } =
      wire === 2 ? readVarint(message, head.end) : { value: fixed ?? Number.NaN, end: head.end };
    at = start + length;
    // Also if the length is no number.
    if (!(at <= message.length)) throw new Error("cannot read protocol buffers: cut off");
    yield { number, value: Number.NaN, bytes: message.subarray(start, at) };
  }
}

/** A varint as a signed number of 64 bits. */
function readVarint(message: Uint8Array, start: number): Varint {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = message[start + index];
    if (byte === undefined) throw new Error("cannot read protocol buffers: cut off");
    if (index === 9) return { value: readLong(message, start), end: start + 10 };
    value += (byte % 0x80) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  throw new Error("cannot read protocol buffers: a varint is too long");
}

/** Only negative numbers take all ten bytes. */
function readLong(message: Uint8Array, start: number): number {
  let value = 0n;
  for (let index = 9; index >= 0; index--) {
    value = (value << 7n) + BigInt((message[start + index] ?? 0) % 0x80);
  }
  return Number(BigInt.asIntN(64, value));
}
