import type { Metric, Stat } from "./metric.ts";

const DIRECTIONS = ["receive", "transmit"] as const;
type Direction = (typeof DIRECTIONS)[number];
type Traffic = "bytes" | "packets" | "errors" | "dropped";

function perInterface(name: string, family: string, help: string): Metric {
  return {
    name,
    type: "counter",
    group: "network",
    scale: 1,
    family: { name: family, help },
    per: "interface",
  };
}

function metricsOf(direction: Direction): Readonly<Record<Traffic, Metric>> {
  const done = direction === "receive" ? "received" : "sent";
  return {
    bytes: perInterface(
      `network_${direction}_bytes`,
      `container_network_${direction}_bytes_total`,
      `Bytes ${done}.`,
    ),
    packets: perInterface(
      `network_${direction}_packets`,
      `container_network_${direction}_packets_total`,
      `Packets ${done}.`,
    ),
    errors: perInterface(
      `network_${direction}_errors`,
      `container_network_${direction}_errors_total`,
      `Packets not ${done} because of an error.`,
    ),
    dropped: perInterface(
      `network_${direction}_dropped`,
      `container_network_${direction}_packets_dropped_total`,
      `Packets dropped that should have been ${done}.`,
    ),
  };
}

/** Network traffic of one network namespace, interface by interface. */
export const networkMetrics: Readonly<Record<Direction, Readonly<Record<Traffic, Metric>>>> = {
  receive: metricsOf("receive"),
  transmit: metricsOf("transmit"),
};

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
