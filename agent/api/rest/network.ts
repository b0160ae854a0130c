import { ADVANCED_TCP_COUNTERS, ADVANCED_TCP_STATES } from "../../../wire/metrics/advanced-tcp.ts";
import { columnOf } from "../../../wire/metrics/all.ts";
import { networkMetrics } from "../../../wire/metrics/network.ts";
import { TCP_STATES } from "../../../wire/metrics/tcp.ts";
import { UDP_STATES } from "../../../wire/metrics/udp.ts";
import { advancedTcp } from "../../collectors/advanced-tcp.ts";
import type { Collector } from "../../collectors/collector.ts";
import { network } from "../../collectors/network.ts";
import { tcp } from "../../collectors/tcp.ts";
import { udp } from "../../collectors/udp.ts";
import type { Tracked } from "../../window/tracked.ts";
import type { GoObject, GoValue } from "./go-json.ts";
import { type Sample, seriesOf, whole } from "./sample.ts";
import { TCP_FIELDS, UDP_FIELDS } from "./tcp-fields.ts";

/** Columns in the order of a network's values. */
const COLUMNS = [
  ...Object.values(networkMetrics.receive),
  ...Object.values(networkMetrics.transmit),
].map(columnOf);

type Interface = readonly [name: string, values: ArrayLike<number>];

function encodeInterface([name, values]: Interface): GoObject {
  const value = (place: number): number => whole(values[place] ?? Number.NaN);
  return {
    name,
    rx_bytes: value(0),
    rx_packets: value(1),
    rx_errors: value(2),
    rx_dropped: value(3),
    tx_bytes: value(4),
    tx_packets: value(5),
    tx_errors: value(6),
    tx_dropped: value(7),
  };
}

/**
 * The interfaces. The window keeps the sums over all of them: where there is but one, they are its
 * numbers; where there are several, those of older samples are not known.
 */
function interfacesOf({ tracked, position, isNewest }: Sample): Interface[] | undefined {
  const newest = seriesOf(tracked, network).map(({ labels, values }): Interface => [
    labels["interface"] ?? "",
    values,
  ]);
  if (isNewest) return newest;
  const [only] = newest;
  if (newest.length > 1) return undefined;
  const sums = COLUMNS.map((column) => tracked.ring.valueAt(position, column));
  return only === undefined || sums.some(Number.isNaN) ? [] : [[only[0], sums]];
}

/** Numbers by state. What is not measured at all is 0; what only the newest sample has is left out of older ones. */
function statesOf(
  { tracked, isNewest }: Sample,
  collector: Collector,
  label: string,
  states: readonly string[],
  fields: readonly string[],
  place: number,
): GoObject {
  const series = seriesOf(tracked, collector);
  if (series.length > 0 && !isNewest) return {};
  const values = new Map(series.map((each) => [each.labels[label], each.values[place]]));
  const entries = states.map((state, index): [string, GoValue] => [
    fields[index] ?? state,
    signed(values.get(state) ?? Number.NaN),
  ]);
  return Object.fromEntries(entries);
}

/** `MaxConn` may be -1. */
function signed(value: number): number {
  return value === -1 ? -1 : whole(value);
}

function socketsOf(sample: Sample): GoObject {
  const ofTcp = (place: number): GoObject =>
    statesOf(sample, tcp, "tcp_state", TCP_STATES, TCP_FIELDS, place);
  const ofUdp = (place: number): GoObject =>
    statesOf(sample, udp, "udp_state", UDP_STATES, UDP_FIELDS, place);
  return {
    tcp: ofTcp(0),
    tcp6: ofTcp(1),
    udp: ofUdp(0),
    udp6: ofUdp(1),
    tcp_advanced: statesOf(
      sample,
      advancedTcp,
      "tcp_state",
      ADVANCED_TCP_STATES,
      ADVANCED_TCP_COUNTERS,
      0,
    ),
  };
}

/** Whether a cgroup has a network of its own that is measured. */
export function hasNetwork(tracked: Tracked): boolean {
  return tracked.seriesOf(network) !== undefined;
}

/** The network as API v1 has it, with a copy of its first interface; undefined where nothing is known. */
export function networkOf(sample: Sample): GoObject | undefined {
  const interfaces = hasNetwork(sample.tracked) ? interfacesOf(sample) : undefined;
  if (interfaces === undefined) return undefined;
  return {
    ...encodeInterface(interfaces[0] ?? ["", []]),
    interfaces: interfaces.length === 0 ? undefined : interfaces.map(encodeInterface),
    ...socketsOf(sample),
  };
}

/** The network as API v2 has it. */
export function networkV2Of(sample: Sample): GoObject | undefined {
  const interfaces = hasNetwork(sample.tracked) ? interfacesOf(sample) : undefined;
  if (interfaces === undefined) return undefined;
  return {
    interfaces: interfaces.length === 0 ? undefined : interfaces.map(encodeInterface),
    ...socketsOf(sample),
  };
}
