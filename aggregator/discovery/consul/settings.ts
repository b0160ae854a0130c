import type { Fields } from "../../../lib/config/fields.ts";
import { parsePeer } from "../../../lib/http/peer-config.ts";
import type { PeerSettings } from "../../../lib/http/peer-settings.ts";

/** An entry of `consul_sd_configs`. */
export interface ConsulSettings {
  /** With the path prefix, without a slash at the end. */
  readonly url: string;
  readonly peer: PeerSettings;
  readonly token?: string;
  readonly datacenter?: string;
  readonly namespace?: string;
  readonly partition?: string;
  readonly tagSeparator: string;
  readonly allowStale: boolean;
  /** The least time between two questions of the same kind. Milliseconds. */
  readonly refreshInterval: number;
  /** All if empty. */
  readonly services: readonly string[];
  /** An instance must have all of them. */
  readonly tags: readonly string[];
  readonly nodeMeta: Readonly<Record<string, string>>;
  readonly filter?: string;
  readonly healthFilter?: string;
}

/** Reads all fields but for the end. */
export function parseConsul(entry: Fields): ConsulSettings {
  const server = entry.text("server", "localhost:8500");
  const scheme = entry.choice("scheme", ["http", "https"], "http");
  const prefix = entry.text("path_prefix", "").replaceAll(/^\/+|\/+$/gu, "");
  const url = URL.parse(`${scheme}://${server}/${prefix}`);
  if (url === null || url.username !== "" || url.search !== "") {
    throw entry.fault("server", "must be HOST:PORT");
  }
  const peer = withOldNames(entry, parsePeer(entry));
  const token = entry.text("token");
  if (token !== undefined && peer.authorization !== undefined) {
    throw entry.fault("token", "cannot stand beside authorization; keep one of them");
  }
  return {
    url: url.href.replace(/\/+$/u, ""),
    peer,
    ...optionalTexts(entry),
    ...(token === undefined ? {} : { token }),
    tagSeparator: entry.text("tag_separator", ","),
    allowStale: entry.flag("allow_stale", true),
    refreshInterval: entry.duration("refresh_interval", 30_000),
    services: entry.texts("services"),
    tags: entry.texts("tags"),
    nodeMeta: entry.textMap("node_meta"),
  };
}

function optionalTexts(entry: Fields): Partial<ConsulSettings> {
  const names = {
    datacenter: "datacenter",
    namespace: "namespace",
    partition: "partition",
    filter: "filter",
    healthFilter: "health_filter",
  };
  const given = Object.entries(names).map(([name, field]) => [name, entry.text(field, "")]);
  return Object.fromEntries(given.filter(([, text]) => text !== ""));
}

/** `username` and `password` are what basic_auth was called before. */
function withOldNames(entry: Fields, peer: PeerSettings): PeerSettings {
  const username = entry.text("username");
  const password = entry.text("password");
  if (username === undefined && password === undefined) return peer;
  if (peer.basicAuth !== undefined || peer.authorization !== undefined) {
    throw entry.fault("username", "cannot stand beside basic_auth or authorization");
  }
  const basicAuth = {
    username: { value: username ?? "" },
    ...(password === undefined ? {} : { password: { value: password } }),
  };
  return { ...peer, basicAuth };
}
