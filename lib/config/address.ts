import { BlockList, isIP, isIPv6 } from "node:net";

/** Where a server listens. */
export interface Address {
  /** Empty means every address of the machine. */
  readonly host: string;
  readonly port: number;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");
loopback.addSubnet("::ffff:127.0.0.0", 104, "ipv6");

/** Reads `HOST:PORT`, `:PORT` or `[IPV6]:PORT`; undefined if it is none of them. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<host>[^:[\]\s/]*)):(?<port>\d{1,5})$/u.exec(text);
  if (match?.groups === undefined) return undefined;
  const { v6, host, port } = match.groups;
  const number = Number(port);
  if (number > 65_535) return undefined;
  if (v6 !== undefined) return isIPv6(v6) ? { host: v6, port: number } : undefined;
  return { host: host ?? "", port: number };
}

/** An address as one writes it: `127.0.0.1:8180`, `[::1]:8180`. */
export function formatAddress(address: Address): string {
  const host = isIPv6(address.host) ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** Says whether only this machine can reach what listens on a host name or address. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === "localhost";
  return loopback.check(host, family === 4 ? "ipv4" : "ipv6");
}
