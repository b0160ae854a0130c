import type { Series } from "./metric.ts";

function sockets(version: string, protocol: string): Series {
  return {
    type: "gauge",
    group: "tcp",
    scale: 1,
    family: {
      name: `container_network_tcp${version}_usage_total`,
      help: `TCP sockets over ${protocol}, by state.`,
    },
    per: ["tcp_state"],
  };
}

/** States in the order of the kernel's numbers, from 1 on, in cAdvisor's words. */
export const TCP_STATES: readonly string[] = [
  "established",
  "synsent",
  "synrecv",
  "finwait1",
  "finwait2",
  "timewait",
  "close",
  "closewait",
  "lastack",
  "listen",
  "closing",
];

/** Sockets of one network namespace, over IPv4 and over IPv6. */
export const tcpSeries: readonly Series[] = [sockets("", "IPv4"), sockets("6", "IPv6")];
