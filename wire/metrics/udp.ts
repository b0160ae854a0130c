import type { Series } from "./metric.ts";

function sockets(version: string, protocol: string): Series {
  return {
    type: "gauge",
    group: "udp",
    scale: 1,
    family: {
      name: `container_network_udp${version}_usage_total`,
      help: `UDP over ${protocol}: sockets (listen), packets that they dropped, and bytes that wait to be read or sent.`,
    },
    per: ["udp_state"],
  };
}

/** What is told of them, in cAdvisor's words. */
export const UDP_STATES: readonly string[] = ["listen", "dropped", "rxqueued", "txqueued"];

/** Sockets of one network namespace, over IPv4 and over IPv6. */
export const udpSeries: readonly Series[] = [sockets("", "IPv4"), sockets("6", "IPv6")];
