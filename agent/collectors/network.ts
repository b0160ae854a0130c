import { join } from "node:path";

import { encodeLabels } from "../../wire/exposition/encode.ts";
import { columnOf } from "../../wire/metrics/all.ts";
import type { Metric } from "../../wire/metrics/metric.ts";
import { networkMetrics, networkSeries } from "../../wire/metrics/network.ts";
import type { Row } from "../../wire/ring.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFile } from "../cgroup/kernel-files.ts";
import { parseDigits, type Text } from "../cgroup/parse.ts";
import type { Collector, Host, Probe } from "./collector.ts";
import { claimNetwork, type OwnNetwork } from "./own-network.ts";

const { receive, transmit } = networkMetrics;

/** Each metric and its field in a line of `net/dev`, counted from the colon. */
const FIELDS: readonly (readonly [Metric, number])[] = [
  [receive.bytes, 0],
  [receive.packets, 1],
  [receive.errors, 2],
  [receive.dropped, 3],
  [transmit.bytes, 8],
  [transmit.packets, 9],
  [transmit.errors, 10],
  [transmit.dropped, 11],
];

const METRICS = FIELDS.map(([metric]) => metric);
const COLUMNS = METRICS.map(columnOf);
const PLACE_OF_FIELD = new Map(FIELDS.map(([, field], place) => [field, place]));
const ALL_FIELDS = 16;

/** The loopback, and the host's end of what is already counted in a container. */
const IGNORED = /^(?:lo$|veth|docker|nerdctl)/i;

const NEWLINE = 10;
const SPACE = 32;
const COLON = 58;

/** The interfaces of `/proc/<pid>/net/dev` as labels, each with its values in the order of the metrics. */
export function parseNetDev(text: Text, into: Map<string, Float64Array>): void {
  const { bytes, length } = text;
  for (let from = 0; from < length;) {
    const end = bytes.indexOf(NEWLINE, from);
    if (end === -1 || end >= length) return;
    const colon = bytes.indexOf(COLON, from);
    if (colon !== -1 && colon < end) parseInterface(bytes, from, colon, end, into);
    from = end + 1;
  }
}

function parseInterface(
  bytes: Uint8Array,
  from: number,
  colon: number,
  end: number,
  into: Map<string, Float64Array>,
): void {
  let start = from;
  while (bytes[start] === SPACE) start++;
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, colon - start).toString(
    "latin1",
  );
  if (IGNORED.test(name)) return;
  const values = new Float64Array(METRICS.length).fill(Number.NaN);
  let field = 0;
  for (let at = colon + 1; at < end; field++) {
    while (at < end && bytes[at] === SPACE) at++;
    if (at === end) break;
    const begin = at;
    while (at < end && bytes[at] !== SPACE) at++;
    const place = PLACE_OF_FIELD.get(field);
    if (place !== undefined) values[place] = parseDigits(bytes, begin, at);
  }
  // With a field missing or too many, the others may mean something else.
  if (field !== ALL_FIELDS) values.fill(Number.NaN);
  into.set(encodeLabels({ interface: name }), values);
}

function writeSums(row: Row, interfaces: ReadonlyMap<string, Float64Array>): void {
  for (const [place, column] of COLUMNS.entries()) {
    let sum = 0;
    for (const values of interfaces.values()) sum += values[place] ?? Number.NaN;
    row[column] = sum;
  }
}

function probe(file: KernelFile, own: OwnNetwork, { files }: Host): Probe {
  let interfaces = new Map<string, Float64Array>();
  return {
    get series() {
      return interfaces;
    },
    read(row) {
      // A new map each time: an interface that has gone must not linger.
      interfaces = new Map();
      if (!files.read(file)) return;
      parseNetDev(files.text, interfaces);
      writeSums(row, interfaces);
    },
    close() {
      files.release(file);
      own.yield();
    },
  };
}

/**
 * Traffic of a container's own network namespace.
 *
 * The kept file holds the namespace, so it must be closed soon after the container has gone.
 */
export const network: Collector = {
  name: "network",
  group: "network",
  metrics: METRICS,
  series: networkSeries,
  open(cgroup: Cgroup, host: Host): Probe | undefined {
    const own = claimNetwork(cgroup, host);
    if (own === undefined) return undefined;
    const file = host.files.keep(join(own.directory, "dev"), true, true);
    if (file !== undefined) return probe(file, own, host);
    own.yield();
    return undefined;
  },
};
