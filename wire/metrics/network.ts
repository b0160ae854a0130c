import type { Metric, Series, Stat } from "./metric.ts";

const DIRECTIONS = ["receive", "transmit"] as const;
type Direction = (typeof DIRECTIONS)[number];
type Traffic = "bytes" | "packets" | "errors" | "dropped";

const TRAFFIC: readonly Traffic[] = ["bytes", "packets", "errors", "dropped"];

function columnFor(direction: Direction, traffic: Traffic): Metric {
  const name = `network_${direction}_${traffic}`;
  return { name, type: "counter", group: "network", scale: 1 };
}

function metricsOf(direction: Direction): Readonly<Record<Traffic, Metric>> {
  return {
    bytes: columnFor(direction, "bytes"),
    packets: columnFor(direction, "packets"),
    errors: columnFor(direction, "errors"),
    dropped: columnFor(direction, "dropped"),
  };
}

/** Network traffic of one network namespace, all interfaces together. */
export const networkMetrics: Readonly<Record<Direction, Readonly<Record<Traffic, Metric>>>> = {
  receive: metricsOf("receive"),
  transmit: metricsOf("transmit"),
};

function helpOf(direction: Direction, traffic: Traffic): string {
  const done = direction === "receive" ? "received" : "sent";
  if (traffic === "bytes") return `Bytes ${done}.`;
  if (traffic === "packets") return `Packets ${done}.`;
  if (traffic === "errors") return `Packets not ${done} because of an error.`;
  return `Packets dropped that should have been ${done}.`;
}

function seriesFor(direction: Direction, traffic: Traffic): Series {
  const what = traffic === "dropped" ? "packets_dropped" : traffic;
  const name = `container_network_${direction}_${what}_total`;
  return {
    type: "counter",
    group: "network",
    scale: 1,
    family: { name, help: helpOf(direction, traffic) },
    per: ["interface"],
  };
}

/** The same, interface by interface: what is received, then what is sent, in the order of the metrics. */
export const networkSeries: readonly Series[] = DIRECTIONS.flatMap((direction) =>
  TRAFFIC.map((traffic) => seriesFor(direction, traffic)),
);

function statsOf(direction: Direction): readonly Stat[] {
  const done = direction === "receive" ? "received" : "sent";
  const short = direction === "receive" ? "rx" : "tx";
  const { bytes, packets, errors, dropped } = networkMetrics[direction];
  const stat = (name: string, unit: Stat["unit"], help: string, of: Metric): Stat => ({
    name: `network_${direction}_${name}`,
    unit,
    help,
    rollUp: "sum",
    from: { kind: "rate", of },
  });
  return [
    {
      ...stat("bytes_per_second", "bytes per second", `Bytes ${done}.`, bytes),
      heapster: `network/${short}_rate`,
    },
    stat("packets_per_second", "per second", `Packets ${done}.`, packets),
    {
      ...stat("errors_per_second", "per second", `Packets not ${done} for an error.`, errors),
      heapster: `network/${short}_errors_rate`,
    },
    stat("dropped_per_second", "per second", `Packets dropped, not ${done}.`, dropped),
  ];
}

/** What `/stats` says of the network, all interfaces together. */
export const networkStats: readonly Stat[] = DIRECTIONS.flatMap(statsOf);
