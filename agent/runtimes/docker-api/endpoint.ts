import { statSync } from "node:fs";

import { ConfigError } from "../../../lib/errors.ts";
import { readTls, type TlsFiles } from "./tls.ts";

const EXAMPLE = "write for example unix:///var/run/docker.sock or tcp://127.0.0.1:2375";

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/** A server over TCP. */
export interface Server {
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  /** Files for TLS, which are read at every connection; absent without TLS. */
  readonly tls?: TlsFiles;
}

/** Where an engine may listen: the first of some sockets that is there, or one server. */
export type Endpoint = { readonly sockets: readonly string[] } | Server;

/**
 * Understands `DOCKER_HOST`: `unix:///path`, a plain path, `tcp://host:port`, `http(s)://host:port`.
 * @param setting for the error: where the value comes from
 * @param tls the files of TLS if it is to be spoken; `https:` has it without
 * @throws ConfigError naming the setting, or the one of a file for TLS that cannot be used
 */
export function parseEndpoint(setting: string, value: string, tls?: TlsFiles): Endpoint {
  const path = value.startsWith("unix://") ? value.slice("unix://".length) : value;
  if (path.startsWith("/")) return { sockets: [path] };
  const url = URL.parse(value.replace(/^tcp:/, "http:"));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(setting, value, EXAMPLE);
  }
  const files = tls ?? (url.protocol === "https:" ? {} : undefined);
  // `tcp:` and `http:` have a port that URL takes for the usual one of `http:`, and leaves out.
  const given = /:(\d+)(?:\/|$)/.exec(value.replace(/^\w+:\/\/(?:\[[^\]]*\])?/, ""))?.[1];
  if (files === undefined) return { origin: `http://${url.hostname}:${given ?? PLAIN_PORT}` };
  // Read once now, so that the operator learns at the start of what is wrong with them.
  readTls(files);
  return { origin: `https://${url.hostname}:${given ?? TLS_PORT}`, tls: files };
}

/** Which file a path leads to: the same for a link and for a socket mounted in two places. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/**
 * The first socket that is there; undefined if none is.
 * @param others sockets of another engine: a socket that is the same file as one of them counts as absent
 */
export function findSocket(
  sockets: readonly string[],
  others: readonly string[] = [],
): string | undefined {
  const taken = new Set(others.map(existing));
  return sockets.find((path) => {
    const identity = existing(path);
    return identity !== undefined && !taken.has(identity);
  });
}

/** A folder that may not be entered hides its sockets: they are as good as absent. */
function existing(path: string): string | undefined {
  try {
    return identityOf(path);
  } catch {
    return undefined;
  }
}

/** The endpoint in words, for the log. */
export function printableEndpoint(endpoint: Endpoint): string {
  return "sockets" in endpoint ? endpoint.sockets.join(", ") : endpoint.origin;
}
