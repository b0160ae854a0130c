import { Agent } from "node:http";

import type { Fields } from "../../lib/config/fields.ts";
import { lines, readJson, readText, request, type Response } from "../../lib/http/client.ts";
import { parsePeer } from "../../lib/http/peer-config.ts";
import type { PeerSettings } from "../../lib/http/peer-settings.ts";
import { openPeer, type Peer } from "../../lib/http/peer.ts";
import { textAt } from "../../lib/json-at.ts";
import { printableUrl } from "../../lib/printable-url.ts";

const LIST_BYTES = 134_217_728;
const TIMEOUT_MS = 30_000;
/** A stream is taken up anew after it, which costs nothing. */
const STREAM_MS = 3_600_000;
const STREAM_BYTES = 1 << 30;

const HOSTS = "unix:///var/run/docker.sock, tcp://10.0.0.1:2375 or https://10.0.0.1:2376";

/** Where a Docker engine listens, and what is asked of it. */
export interface EngineSettings {
  /** The socket's path, or a URL without a slash at the end. */
  readonly host: { readonly socket: string } | { readonly url: string };
  /** Of no account for a socket. */
  readonly peer: PeerSettings;
  /** Without anything secret. */
  readonly where: string;
  /** What is listed: names and values as in `docker ps --filter`. */
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

/** Reads `host`, `filters` and how the host is spoken to. */
export function parseEngine(entry: Fields): EngineSettings {
  const host = parseHost(entry);
  const filters: Record<string, readonly string[]> = {};
  for (const filter of entry.objects("filters")) {
    const name = filter.needed("name");
    filters[name] = [...(filters[name] ?? []), ...filter.texts("values")];
    filter.end();
  }
  return { host, filters, peer: parsePeer(entry), where: printableUrl(entry.needed("host")) };
}

function parseHost(entry: Fields): EngineSettings["host"] {
  const text = entry.needed("host");
  if (text.startsWith("unix:///")) return { socket: text.slice("unix://".length) };
  const url = URL.parse(text.replace(/^tcp:/u, "http:"));
  if (url !== null && /^https?:$/u.test(url.protocol) && url.hostname !== "") {
    return { url: url.href.replace(/\/+$/u, "") };
  }
  throw entry.fault("host", `must be of a kind such as ${HOSTS}`);
}

/** Asks a Docker engine for lists. https://docs.docker.com/reference/api/engine/ */
export class DockerEngine {
  readonly #base: string;
  readonly #peer: Peer;

  constructor({ host, peer }: Pick<EngineSettings, "host" | "peer">) {
    // The name before a socket is nobody's: the agent knows where to go.
    this.#base = "url" in host ? host.url : "http://docker";
    this.#peer = "url" in host ? openPeer(peer) : socketPeer(host.socket);
  }

  /**
   * The list at a path such as `/containers/json`. Throws if the engine cannot be asked or refuses,
   * with its own words.
   */
  async list(
    path: string,
    signal: AbortSignal,
    filters: EngineSettings["filters"] = {},
  ): Promise<readonly unknown[]> {
    const query = Object.keys(filters).length === 0 ? "" : `?filters=${encoded(filters)}`;
    const response = await this.#peer.request(`${this.#base}${path}${query}`, {
      timeoutMs: TIMEOUT_MS,
      maxBytes: LIST_BYTES,
      signal,
    });
    await refuseOthers(response, `list ${path}`);
    const list = await readJson(response);
    if (!Array.isArray(list)) throw new Error(`cannot list ${path}: the answer is no list`);
    return list;
  }

  /**
   * Events as they come, each a text of JSON, until the engine or the signal ends it. Throws if the engine
   * cannot be asked or refuses.
   *
   * @param since seconds with nine digits behind the point: what it still knows from then on comes first
   */
  async *follow(
    types: readonly string[],
    since: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const from = since === undefined ? "" : `since=${since}&`;
    const path = `/events?${from}filters=${encoded({ type: types })}`;
    const response = await this.#peer.request(this.#base + path, {
      timeoutMs: STREAM_MS,
      maxBytes: STREAM_BYTES,
      headers: { "accept-encoding": "identity" },
      signal,
    });
    await refuseOthers(response, "follow /events");
    yield* lines(response);
  }

  close(): void {
    this.#peer.close();
  }
}

async function refuseOthers(response: Response, what: string): Promise<void> {
  if (response.status === 200) return;
  const said = textAt(parsed(await readText(response)), "message").slice(0, 300);
  const reason = said === "" ? "" : `: ${said}`;
  throw new Error(`cannot ${what}: the engine answers ${response.status}${reason}`);
}

function socketPeer(socketPath: string): Peer {
  // Agents hand their options on to the connection; the types know those of TCP only.
  const connection = { keepAlive: true, socketPath };
  const agent = new Agent(connection);
  return {
    request: (url, options) => request(url, { ...options, agent }),
    close: () => agent.destroy(),
  };
}

function encoded(filters: EngineSettings["filters"]): string {
  return encodeURIComponent(JSON.stringify(filters));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
