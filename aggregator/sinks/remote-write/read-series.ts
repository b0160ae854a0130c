import { readFields } from "./protobuf-reader.ts";

/** A sample as it stands in its message, which is the same in both versions of the protocol. */
export interface EncodedSample {
  readonly message: Uint8Array;
  /** Unix milliseconds. */
  readonly time: number;
}

/** A series as it stands in a `prometheus.WriteRequest`. */
export interface EncodedSeries {
  readonly message: Uint8Array;
  /** The messages of its labels, in their order. */
  readonly labels: readonly Uint8Array[];
  readonly samples: readonly EncodedSample[];
}

/** The series of a `prometheus.WriteRequest`. Throws Error for what is no such message. */
export function* readSeries(body: Uint8Array): Generator<EncodedSeries> {
  for (const { number, bytes } of readFields(body)) if (number === 1) yield seriesOf(bytes);
}

function seriesOf(message: Uint8Array): EncodedSeries {
  const labels: Uint8Array[] = [];
  const samples: EncodedSample[] = [];
  for (const { number, bytes } of readFields(message)) {
    if (number === 1) labels.push(bytes);
    if (number === 2) samples.push({ message: bytes, time: timeOf(bytes) });
  }
  return { message, labels, samples };
}

function timeOf(sample: Uint8Array): number {
  for (const { number, value } of readFields(sample)) if (number === 2) return value;
  return 0;
}

/** The name and the value of a label. */
export function readLabel(message: Uint8Array): { readonly name: string; readonly value: string } {
  let [name, value] = ["", ""];
  for (const { number, bytes } of readFields(message)) {
    const text = new TextDecoder().decode(bytes);
    if (number === 1) name = text;
    if (number === 2) value = text;
  }
  return { name, value };
}
