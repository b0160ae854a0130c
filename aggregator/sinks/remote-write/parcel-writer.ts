import type { Labels } from "../../../wire/labels.ts";
import type { Parcel } from "../sink.ts";
import { ProtobufWriter, varintLength } from "./protobuf-writer.ts";

/** Says that a series has ended: a stale marker stands for the value. */
export const STALE: unique symbol = Symbol("stale");

/**
 * The bits of a stale marker, a NaN that no computation gives.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers
 */
const STALE_LOW = 0x0000_0002;
const STALE_HIGH = 0x7ff0_0000;

/** Any other NaN leaves with the bits that Prometheus gives it, whatever it had. */
const NAN_LOW = 0x0000_0001;
const NAN_HIGH = 0x7ff8_0000;

/** The head and the eight bytes of a double, and the head of the time. */
const SAMPLE_BYTES = 1 + 8 + 1;

const labelWriter = new ProtobufWriter();

/**
 * A series' labels as they stand in its message: in the order of their names, without empty ones.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/#labels
 */
export function encodeLabels(labels: Labels): Uint8Array {
  for (const name of Object.keys(labels).toSorted()) {
    const value = labels[name] ?? "";
    if (value === "") continue;
    const [nameBytes, valueBytes] = [Buffer.byteLength(name), Buffer.byteLength(value)];
    const heads = 2 + varintLength(nameBytes) + varintLength(valueBytes);
    labelWriter.begin(1, heads + nameBytes + valueBytes);
    labelWriter.text(1, name);
    labelWriter.text(2, value);
  }
  return labelWriter.take();
}

/** How much one parcel may hold. */
export interface ParcelLimits {
  readonly bytes: number;
  readonly samples: number;
}

/**
 * Writes samples as messages `prometheus.WriteRequest`, which joined are one such message again.
 * https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto
 */
export class ParcelWriter {
  readonly #limits: ParcelLimits;
  readonly #writer = new ProtobufWriter();
  readonly #parcels: Parcel[] = [];
  #samples = 0;

  constructor(limits: ParcelLimits) {
    this.#limits = limits;
  }

  /**
   * Adds a sample of a series.
   * @param labels as `encodeLabels` writes them
   * @param time Unix milliseconds, whole
   */
  add(labels: Uint8Array, time: number, value: number | typeof STALE): void {
    const timeBytes = time < 0 ? 10 : varintLength(time);
    const sampleBytes = SAMPLE_BYTES + timeBytes;
    const seriesBytes = labels.length + 1 + varintLength(sampleBytes) + sampleBytes;
    if (this.#writer.length + seriesBytes > this.#limits.bytes) this.#cut();
    this.#writer.begin(1, seriesBytes);
    this.#writer.raw(labels);
    this.#writer.begin(2, sampleBytes);
    if (value === STALE) this.#writer.doubleBits(1, STALE_LOW, STALE_HIGH);
    else if (Number.isNaN(value)) this.#writer.doubleBits(1, NAN_LOW, NAN_HIGH);
    else this.#writer.double(1, value);
    this.#writer.integer(2, time);
    this.#samples++;
    if (this.#samples >= this.#limits.samples) this.#cut();
  }

  /** All parcels; the writer begins anew. */
  finish(): readonly Parcel[] {
    this.#cut();
    return this.#parcels.splice(0);
  }

  #cut(): void {
    if (this.#samples === 0) return;
    this.#parcels.push({ body: this.#writer.take(), points: this.#samples });
    this.#samples = 0;
  }
}
