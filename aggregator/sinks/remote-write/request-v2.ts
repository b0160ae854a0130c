import { containerFamilies } from "./container-families.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { type EncodedSeries, readLabel, readSeries } from "./read-series.ts";

/** `METRIC_TYPE_GAUGE`. */
const GAUGE = 2;

/** Of what we make ourselves we know what it is; a page's types are not kept with its series. */
const gauges: ReadonlyMap<string, string> = new Map([
  ...containerFamilies(Number.POSITIVE_INFINITY).map(({ name, help }): [string, string] => [
    name,
    help,
  ]),
  ["up", "Whether the target answered."],
  ["scrape_duration_seconds", "How long the scrape took."],
  ["scrape_samples_scraped", "Samples that the target showed."],
  ["scrape_samples_post_metric_relabeling", "Samples that relabelling has left."],
  ["scrape_series_added", "Series that the scrape before did not have."],
]);

/** The texts of a request, each once; the first is empty, and stands for what is not said. */
class Symbols {
  readonly #places = new Map<string, number>([["", 0]]);

  placeOf(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) this.#places.set(text, (place = this.#places.size));
    return place;
  }

  all(): Iterable<string> {
    return this.#places.keys();
  }
}

/**
 * Says a `prometheus.WriteRequest` as an `io.prometheus.write.v2.Request`.
 * https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#protobuf-message
 */
export function requestV2(body: Uint8Array): Uint8Array {
  const symbols = new Symbols();
  const series = new ProtobufWriter();
  for (const one of readSeries(body)) series.message(5, seriesV2(one, symbols));
  const request = new ProtobufWriter();
  for (const text of symbols.all()) request.text(4, text);
  request.raw(series.take());
  return request.take();
}

function seriesV2({ labels, samples }: EncodedSeries, symbols: Symbols): Uint8Array {
  const references = new ProtobufWriter();
  let help: string | undefined;
  for (const label of labels) {
    const { name, value } = readLabel(label);
    if (name === "__name__") help = gauges.get(value);
    references.varint(symbols.placeOf(name));
    references.varint(symbols.placeOf(value));
  }
  const writer = new ProtobufWriter();
  writer.message(1, references.take());
  for (const { message } of samples) writer.message(2, message);
  if (help !== undefined) writer.message(5, gauge(symbols.placeOf(help)));
  return writer.take();
}

function gauge(help: number): Uint8Array {
  const writer = new ProtobufWriter();
  writer.integer(1, GAUGE);
  writer.integer(3, help);
  return writer.take();
}
