import { readJson, readText } from "../../../lib/http/client.ts";
import type { Peer } from "../../../lib/http/peer.ts";
import { textAt } from "../../../lib/json-at.ts";
import type { ConsulSettings } from "./settings.ts";

/** How long a question that waits for a change may wait; the server adds up to a sixteenth of it. */
const WAIT_SECONDS = 120;
const WAIT_TIMEOUT_MS = WAIT_SECONDS * 1000 * (17 / 16) + 15_000;

const TIMEOUT_MS = 15_000;
const ANSWER_BYTES = 67_108_864;

/** An answer, and where to go on to be told of the next one. */
export interface IndexedAnswer {
  readonly value: unknown;
  readonly index: number;
}

/** Parameters of a question; one that is there twice in a list. */
type Parameters = readonly (readonly [name: string, value: string])[];

/** Asks Consul. https://developer.hashicorp.com/consul/api-docs */
export class ConsulApi {
  readonly #settings: ConsulSettings;
  readonly #peer: Peer;

  constructor(settings: ConsulSettings, peer: Peer) {
    this.#settings = settings;
    this.#peer = peer;
  }

  /** The datacenter of the agent that is asked. */
  async ownDatacenter(signal: AbortSignal): Promise<string> {
    const response = await this.#peer.request(`${this.#settings.url}/v1/agent/self`, {
      timeoutMs: TIMEOUT_MS,
      maxBytes: ANSWER_BYTES,
      headers: this.#headers(),
      signal,
    });
    if (response.status !== 200) throw await refused(response.status, readText(response));
    const datacenter = textAt(await readJson(response), "Config", "Datacenter");
    if (datacenter === "") throw new Error("the agent does not name its datacenter");
    return datacenter;
  }

  /** All services: names with tags. */
  services(index: number, signal: AbortSignal): Promise<IndexedAnswer> {
    const { filter } = this.#settings;
    return this.#wait("/v1/catalog/services", parameter("filter", filter), index, signal);
  }

  /** The instances of a service, with their nodes and checks. */
  instances(service: string, index: number, signal: AbortSignal): Promise<IndexedAnswer> {
    const { tags, healthFilter } = this.#settings;
    const parameters = [
      ...tags.map((tag) => ["tag", tag] as const),
      ...parameter("filter", healthFilter),
    ];
    const path = `/v1/health/service/${encodeURIComponent(service)}`;
    return this.#wait(path, parameters, index, signal);
  }

  async #wait(
    path: string,
    own: Parameters,
    index: number,
    signal: AbortSignal,
  ): Promise<IndexedAnswer> {
    const query = new URLSearchParams();
    for (const [name, value] of [...this.#parameters(index), ...own]) query.append(name, value);
    const response = await this.#peer.request(`${this.#settings.url}${path}?${String(query)}`, {
      timeoutMs: index === 0 ? TIMEOUT_MS : WAIT_TIMEOUT_MS,
      connectTimeoutMs: TIMEOUT_MS,
      maxBytes: ANSWER_BYTES,
      headers: this.#headers(),
      signal,
    });
    if (response.status !== 200) throw await refused(response.status, readText(response));
    const said = Number(response.headers["x-consul-index"]);
    return { value: await readJson(response), index: Number.isSafeInteger(said) ? said : 0 };
  }

  #parameters(index: number): Parameters {
    const { datacenter, namespace, partition, allowStale, nodeMeta } = this.#settings;
    return [
      ...(index === 0
        ? []
        : ([
            ["index", String(index)],
            ["wait", `${WAIT_SECONDS}s`],
          ] as const)),
      ...(allowStale ? ([["stale", ""]] as const) : []),
      ...parameter("dc", datacenter),
      ...parameter("ns", namespace),
      ...parameter("partition", partition),
      ...Object.entries(nodeMeta).map(
        ([name, value]) => ["node-meta", `${name}:${value}`] as const,
      ),
    ];
  }

  #headers(): Readonly<Record<string, string>> {
    const { token } = this.#settings;
    return token === undefined ? {} : { "x-consul-token": token };
  }
}

function parameter(name: string, value: string | undefined): Parameters {
  return value === undefined ? [] : [[name, value]];
}

async function refused(status: number, body: Promise<string>): Promise<Error> {
  const said = (await body.catch(() => "")).trim().slice(0, 300);
  return new Error(`Consul answers ${status}${said === "" ? "" : `: ${said}`}`);
}
