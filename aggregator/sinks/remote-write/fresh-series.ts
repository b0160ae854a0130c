import { ProtobufWriter } from "./protobuf-writer.ts";
import { readSeries } from "./read-series.ts";

/**
 * What of a `prometheus.WriteRequest` is not older than a time (Unix milliseconds); undefined if
 * nothing is left of it. Our parcels have a message for each sample.
 */
export function freshSeries(body: Uint8Array, since: number): Uint8Array | undefined {
  const writer = new ProtobufWriter();
  let isWhole = true;
  for (const { message, samples } of readSeries(body)) {
    if (samples.some(({ time }) => time >= since)) writer.message(1, message);
    else isWhole = false;
  }
  if (isWhole) return body;
  return writer.length === 0 ? undefined : writer.take();
}
