/**
 * Reads what remote write sends, written from the public descriptions alone and slowly, so that it
 * shares no mistake with what writes it.
 * https://protobuf.dev/programming-guides/encoding/
 * https://github.com/google/snappy/blob/main/format_description.txt
 */

/** A series with one sample; `bits` are the value's as they stood, highest first. */
export interface Decoded {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly samples: readonly {
    readonly time: number;
    readonly value: number;
    readonly bits: string;
  }[];
  /** Of 2.0: the type's number and the help. */
  readonly metadata?: { readonly type: number; readonly help: string };
}

type Fields = readonly {
  readonly number: number;
  readonly value: bigint;
  readonly bytes: Buffer;
}[];

function fieldsOf(message: Buffer): Fields {
  const fields = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const wire = key & 7;
    let value = 0n;
    let bytes = Buffer.alloc(0);
    if (wire === 0) value = varint();
    else {
      const length = wire === 1 ? 8 : wire === 2 ? Number(varint()) : Number.NaN;
      if (!(at + length <= message.length)) throw new Error(`cut off, or wire type ${wire}`);
      bytes = Buffer.from(message.subarray(at, at + length));
      at += length;
    }
    fields.push({ number: key >> 3, value, bytes });
  }
  return fields;
}

function sampleOf(message: Buffer): Decoded["samples"][number] {
  const fields = fieldsOf(message);
  const double = fields.find(({ number }) => number === 1)?.bytes ?? Buffer.alloc(8);
  const time = fields.find(({ number }) => number === 2)?.value ?? 0n;
  const bits = Buffer.from(double.toReversed()).toString("hex");
  return { time: Number(BigInt.asIntN(64, time)), value: double.readDoubleLE(), bits };
}

function all(fields: Fields, wanted: number): Buffer[] {
  return fields.filter(({ number }) => number === wanted).map(({ bytes }) => bytes);
}

/** The series of a `prometheus.WriteRequest`. */
export function decodeV1(body: Uint8Array): Decoded[] {
  return all(fieldsOf(Buffer.from(body)), 1).map((message) => {
    const fields = fieldsOf(message);
    return {
      labels: all(fields, 1).map((label) => {
        const [name = "", value = ""] = [1, 2].map((part) => String(all(fieldsOf(label), part)[0]));
        return [name, value] as const;
      }),
      samples: all(fields, 2).map(sampleOf),
    };
  });
}

/** The series of an `io.prometheus.write.v2.Request`. */
export function decodeV2(body: Uint8Array): Decoded[] {
  const request = fieldsOf(Buffer.from(body));
  const symbols = all(request, 4).map(String);
  if (symbols[0] !== "" || new Set(symbols).size < symbols.length) throw new Error("bad symbols");
  return all(request, 5).map((message) => {
    const fields = fieldsOf(message);
    // A packed list is a row of varints: read as fields of the lowest wire type it would need heads.
    const references = packed(all(fields, 1)[0] ?? Buffer.alloc(0)).map((at) => symbols[at] ?? "?");
    const labels = references.flatMap((name, index) =>
      index % 2 === 0 ? [[name, references[index + 1] ?? "?"] as const] : [],
    );
    const [metadata] = all(fields, 5).map(fieldsOf);
    const valueOf = (number: number): number =>
      Number(metadata?.find((field) => field.number === number)?.value ?? 0n);
    const samples = all(fields, 2).map(sampleOf);
    if (metadata === undefined) return { labels, samples };
    return { labels, samples, metadata: { type: valueOf(1), help: symbols[valueOf(3)] ?? "?" } };
  });
}

function packed(bytes: Buffer): number[] {
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    values.push(value);
    [value, scale] = [0, 1];
  }
  return values;
}

/** Unpacks a block of snappy. */
export function unpack(block: Uint8Array): Buffer {
  const bytes = Buffer.from(block);
  let at = 0;
  let length = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes.readUInt8(at++);
    length += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
  }
  const plain: number[] = [];
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at++);
    const kind = tag & 3;
    if (kind === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) {
        const extra = size - 60;
        size = bytes.readUIntLE(at, extra) + 1;
        at += extra;
      }
      plain.push(...bytes.subarray(at, at + size));
      at += size;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) + bytes.readUInt8(at) : bytes.readUInt16LE(at);
    at += kind;
    for (let index = 0; index < size; index++) plain.push(plain[plain.length - offset] ?? -1);
  }
  if (plain.length !== length)
    throw new Error(`${plain.length} bytes, but ${length} were promised`);
  return Buffer.from(plain);
}
