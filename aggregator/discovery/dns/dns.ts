import { Resolver } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

import type { Fields } from "../../../lib/config/fields.ts";
import type { Discovery, DiscoveryContext, DiscoveryKind, TargetGroup } from "../discovery.ts";
import { createRefreshing } from "../refresh.ts";
import { Troubles } from "../troubles.ts";
import { lookUp } from "./lookup.ts";
import { groupOfRecords, RECORD_TYPES, type RecordType } from "./records.ts";
import { namesToTry, parseSearchPath, type SearchPath } from "./search-names.ts";

const RESOLV_CONF = "/etc/resolv.conf";
const MOST_NAMES = 1000;

/** For one question to one server, and how often each is asked. */
const QUESTION = { timeout: 2000, tries: 2 };

interface DnsSettings {
  readonly names: readonly string[];
  readonly type: RecordType;
  readonly port: number;
  /** Of our own: who is asked; the system's servers if empty. */
  readonly servers: readonly string[];
}

/** Names of the DNS: each record is a target. */
export const dns: DiscoveryKind = {
  key: "dns_sd_configs",
  parse(entry) {
    const settings = parseDns(entry);
    const interval = entry.duration("refresh_interval", 30_000);
    entry.end();
    return (context) => createDns(settings, interval, context);
  },
};

function parseDns(entry: Fields): DnsSettings {
  const names = entry.texts("names");
  if (names.length === 0) throw entry.fault("names", "must have at least one name");
  if (names.length > MOST_NAMES) throw entry.fault("names", `must be at most ${MOST_NAMES}`);
  // Prometheus takes `a` for `A` too.
  const written = entry.text("type", "SRV").toUpperCase();
  const type = RECORD_TYPES.find((word) => word === written);
  if (type === undefined) throw entry.fault("type", `must be one of ${RECORD_TYPES.join(", ")}`);
  const port = entry.integer("port", { min: 0, max: 65_535 }, 0);
  if (type !== "SRV" && port === 0) throw entry.fault("port", `is needed with the type ${type}`);
  const servers = entry.texts("servers");
  for (const server of servers) {
    const [, host = server] = /^\[?(.*?)\]?(?::\d+)?$/u.exec(server) ?? [];
    if (isIP(host) === 0 && isIP(server) === 0) {
      throw entry.fault("servers", "must be addresses such as 10.0.0.2 or 10.0.0.2:5353");
    }
  }
  return { names, type, port, servers };
}

function createDns(settings: DnsSettings, interval: number, context: DiscoveryContext): Discovery {
  const where = `${settings.type} ${settings.names.join(", ")}`;
  const kind = "dns";
  const troubles = new Troubles(context.logger, { kind, where });
  const known = new Map<string, TargetGroup>();
  const refreshing = createRefreshing(
    { kind, where, interval, read: (signal) => readNames(settings, known, troubles, signal) },
    context,
  );
  return {
    ...refreshing,
    state() {
      const state = refreshing.state();
      const trouble = state.trouble ?? troubles.message;
      return {
        ...state,
        failures: state.failures + troubles.failures,
        ...(trouble === undefined ? {} : { trouble }),
      };
    },
  };
}

/** All names; those that cannot be looked up now keep what was known. Throws if that is all of them. */
async function readNames(
  { names, type, port, servers }: DnsSettings,
  known: Map<string, TargetGroup>,
  troubles: Troubles,
  signal: AbortSignal,
): Promise<readonly TargetGroup[]> {
  const searchPath = await readSearchPath();
  // A new one each time: it takes over what has changed in the system's settings.
  const resolver = new Resolver(QUESTION);
  if (servers.length > 0) resolver.setServers(servers);
  const stop = (): void => resolver.cancel();
  signal.addEventListener("abort", stop, { once: true });
  const failures = new Map<string, unknown>();
  const readName = async (name: string): Promise<void> => {
    try {
      const records = await lookUp(resolver, namesToTry(name, searchPath), type);
      known.set(name, groupOfRecords(name, type, records, port));
      troubles.succeeded(name);
    } catch (error) {
      failures.set(name, error);
    }
  };
  try {
    await Promise.all(names.map(readName));
  } finally {
    signal.removeEventListener("abort", stop);
  }
  if (failures.size === names.length) throw [...failures.values()][0];
  for (const [name, error] of failures) troubles.failed(name, error);
  return [...known.values()].toSorted((a, b) => (a.source < b.source ? -1 : 1));
}

async function readSearchPath(): Promise<SearchPath> {
  try {
    return parseSearchPath(await readFile(RESOLV_CONF, "utf8"));
  } catch {
    // Without the file there is no search path, and the resolver asks this machine.
    return parseSearchPath("");
  }
}
