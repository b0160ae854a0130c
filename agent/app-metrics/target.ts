import { BlockList, isIP } from "node:net";

import type { EngineContainer } from "../runtimes/runtime.ts";

/** Where a container's own metrics are: always at the container's own address. */
export interface Target {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly path: string;
}

/** Why a container is not asked. */
export type Refusal = "host_network" | "no_address" | "address" | "port" | "path" | "scheme";

const SCRAPE = "prometheus.io/scrape";

type Version = "ipv4" | "ipv6";

/** Nobody's addresses, this machine's, the link's (where clouds keep their secrets), everybody's. */
const FORBIDDEN: Readonly<
  Record<Version, readonly (readonly [network: string, prefix: number])[]>
> = {
  ipv4: [
    ["0.0.0.0", 8],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["224.0.0.0", 3],
  ],
  ipv6: [
    ["::", 127],
    // IPv4 in the clothes of IPv6.
    ["::ffff:0:0", 96],
    ["64:ff9b::", 96],
    ["fe80::", 10],
    ["ff00::", 8],
    // The metadata service of AWS.
    ["fd00:ec2::254", 128],
  ],
};

/** A list for each version: one for both takes a rule for IPv4 in IPv6 for one about all of IPv4. */
function listOf(version: Version): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of FORBIDDEN[version]) list.addSubnet(network, prefix, version);
  return list;
}

const forbidden: Readonly<Record<Version, BlockList>> = {
  ipv4: listOf("ipv4"),
  ipv6: listOf("ipv6"),
};

const LONGEST_PATH = 256;

/** Printable, begins with one slash, and has nothing that a server may take for something else. */
const PATH = /^\/(?![/\\])[\w\-./~%?&=+,:;@!$'()*[\]]*$/;
const DOTS = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\?]|%2f|%5c|$)/i;

/** Whether a container asks to be scraped. */
export function wantsScrape(labels: Readonly<Record<string, string>>): boolean {
  return labels[SCRAPE] === "true";
}

/**
 * Where a container that wants it is to be scraped, or why not. Its labels choose port and path; the
 * address is the one that its engine gave it, never one that it names itself.
 * @param own the machine's own addresses
 */
export function findTarget(
  { labels, network }: EngineContainer,
  own: readonly string[],
): Target | Refusal {
  if (network === undefined) return "no_address";
  if (network.isHost) return "host_network";
  const address = network.addresses[0];
  if (address === undefined) return "no_address";
  if (!network.addresses.every((each) => isAllowed(each, own))) return "address";
  if ((labels["prometheus.io/scheme"] ?? "http") !== "http") return "scheme";
  const port = portOf(labels["prometheus.io/port"], network.ports);
  if (port === undefined) return "port";
  const path = labels["prometheus.io/path"] ?? "/metrics";
  const isPath = path.length <= LONGEST_PATH && PATH.test(path) && !DOTS.test(path);
  return isPath ? { address, port, path } : "path";
}

function versionOf(address: string): Version | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? "ipv4" : "ipv6";
}

function isAllowed(address: string, own: readonly string[]): boolean {
  const version = versionOf(address);
  if (version === undefined || forbidden[version].check(address, version)) return false;
  // A list, as one address can be spelt in many ways.
  const ours = new BlockList();
  for (const each of own) if (versionOf(each) === version) ours.addAddress(each, version);
  return !ours.check(address, version);
}

/** What the label says, or the only port that is exposed. */
function portOf(label: string | undefined, exposed: readonly number[]): number | undefined {
  if (label === undefined) return exposed.length === 1 ? exposed[0] : undefined;
  const port = /^[1-9]\d{0,4}$/.test(label) ? Number(label) : 0;
  return port > 0 && port <= 65_535 ? port : undefined;
}
