import { setTimeout as sleep } from "node:timers/promises";

import { inFolder } from "../../../lib/http/peer-config.ts";
import { openPeer, type Peer } from "../../../lib/http/peer.ts";
import { Announcement } from "../announcement.ts";
import type {
  Discovery,
  DiscoveryContext,
  DiscoveryKind,
  DiscoveryState,
  TargetGroup,
} from "../discovery.ts";
import { Troubles } from "../troubles.ts";
import { keepAsking } from "./blocking-query.ts";
import { ConsulApi } from "./consul-api.ts";
import { groupOfEntries, wantedServices } from "./service-entries.ts";
import { type ConsulSettings, parseConsul } from "./settings.ts";

/** Each of them holds a connection. */
const MOST_SERVICES = 2000;

const RETRY_MS = 5000;

/** What changes together is said together. */
const SPACING_MS = 250;

const CATALOG = "the catalog";

/** Services of Consul, each followed by questions that wait for changes. */
export const consul: DiscoveryKind = {
  key: "consul_sd_configs",
  parse(entry) {
    const settings = parseConsul(entry);
    entry.end();
    return (context) => new ConsulDiscovery(settings, context);
  },
};

class ConsulDiscovery implements Discovery {
  readonly #settings: ConsulSettings;
  readonly #peer: Peer;
  readonly #api: ConsulApi;
  readonly #troubles: Troubles;
  readonly #ended: AbortController = new AbortController();
  /** The services that are followed. */
  readonly #followed: Map<string, AbortController> = new Map();
  readonly #groups: Map<string, TargetGroup> = new Map();
  readonly #running: Set<Promise<void>> = new Set();
  #announcement: Announcement | undefined;

  constructor(settings: ConsulSettings, { logger, folder }: DiscoveryContext) {
    this.#settings = settings;
    this.#peer = openPeer(inFolder(settings.peer, folder));
    this.#api = new ConsulApi(settings, this.#peer);
    this.#troubles = new Troubles(logger, { kind: "consul", where: settings.url });
  }

  start(found: (groups: readonly TargetGroup[]) => void): void {
    this.#announcement = new Announcement(SPACING_MS, () => found(this.#sorted()));
    this.#track(this.#run());
  }

  state(): DiscoveryState {
    const trouble = this.#troubles.message;
    return {
      kind: "consul",
      where: this.#settings.url,
      targets: this.#sorted().reduce((sum, { targets }) => sum + targets.length, 0),
      failures: this.#troubles.failures,
      ...(trouble === undefined ? {} : { trouble }),
    };
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#announcement?.close();
    for (const following of this.#followed.values()) following.abort();
    await Promise.all(this.#running);
    this.#peer.close();
  }

  #sorted(): TargetGroup[] {
    return [...this.#groups.values()].toSorted((a, b) => (a.source < b.source ? -1 : 1));
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  async #run(): Promise<void> {
    const { services, tags, filter, refreshInterval: spacing } = this.#settings;
    const datacenter = this.#settings.datacenter ?? (await this.#ownDatacenter());
    if (datacenter === undefined) return;
    if (services.length > 0 && tags.length === 0 && filter === undefined) {
      this.#follow(services, datacenter);
      return;
    }
    await keepAsking(
      {
        spacing,
        ask: (index, signal) => this.#api.services(index, signal),
        answered: (catalog) => this.#follow(wantedServices(catalog, services, tags), datacenter),
        succeeded: () => this.#troubles.succeeded(CATALOG),
        failed: (error) => this.#troubles.failed(CATALOG, error),
      },
      this.#ended.signal,
    );
  }

  /** Asks until it is told; undefined when it was closed before. */
  async #ownDatacenter(): Promise<string | undefined> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        const datacenter = await this.#api.ownDatacenter(signal);
        this.#troubles.succeeded("its datacenter");
        return datacenter;
      } catch (error) {
        if (signal.aborted) return undefined;
        this.#troubles.failed("its datacenter", error);
        await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    return undefined;
  }

  /** Follows just these services from now on. */
  #follow(names: readonly string[], datacenter: string): void {
    const wanted = new Set(names.slice(0, MOST_SERVICES));
    if (names.length > wanted.size) {
      const error = new Error(`there are more than ${MOST_SERVICES} services; name those you need`);
      this.#troubles.failed("the number of services", error);
    } else this.#troubles.succeeded("the number of services");
    for (const name of this.#followed.keys()) {
      if (!wanted.has(name)) this.#forget(name);
    }
    for (const name of wanted) {
      if (!this.#followed.has(name)) this.#followService(name, datacenter);
    }
    // Otherwise the first answer of each says so.
    if (wanted.size === 0) this.#announcement?.ask();
  }

  #followService(name: string, datacenter: string): void {
    const following = new AbortController();
    this.#followed.set(name, following);
    const { tagSeparator, refreshInterval: spacing } = this.#settings;
    const work = keepAsking(
      {
        spacing,
        ask: (index, signal) => this.#api.instances(name, index, signal),
        answered: (entries) => {
          const list = Array.isArray(entries) ? entries : [];
          this.#groups.set(name, groupOfEntries({ name, datacenter }, list, tagSeparator));
          this.#announcement?.ask();
        },
        succeeded: () => this.#troubles.succeeded(name),
        failed: (error) => this.#troubles.failed(name, error),
      },
      following.signal,
    );
    this.#track(work);
  }

  #forget(name: string): void {
    this.#followed.get(name)?.abort();
    this.#followed.delete(name);
    this.#troubles.forget(name);
    if (this.#groups.delete(name)) this.#announcement?.ask();
  }
}
