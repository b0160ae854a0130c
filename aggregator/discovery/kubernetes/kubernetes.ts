import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { Announcement } from "../announcement.ts";
import type {
  Discovery,
  DiscoveryContext,
  DiscoveryKind,
  DiscoveryState,
  TargetGroup,
} from "../discovery.ts";
import { Troubles } from "../troubles.ts";
import { type ApiServer, openApiServer, SERVICE_ACCOUNT, whereOf } from "./api-server.ts";
import { KubeEvents } from "./kube-events.ts";
import { pathOf, type ResourceName } from "./resources.ts";
import { resourcesFor, roles } from "./roles.ts";
import { type KubernetesSettings, parseKubernetes } from "./settings.ts";
import { WatchedObjects } from "./watched-objects.ts";

/** A large cluster changes all the time; its groups are built anew at most this often. */
const SPACING_MS = 1000;

const RETRY_MS = 5000;

/** Objects of a Kubernetes cluster, watched. */
export const kubernetes: DiscoveryKind = {
  key: "kubernetes_sd_configs",
  parse(entry) {
    const settings = parseKubernetes(entry);
    entry.end();
    return (context) => new KubernetesDiscovery(settings, context);
  },
};

interface Opened {
  readonly server: ApiServer;
  readonly namespaces: readonly string[];
}

class KubernetesDiscovery implements Discovery {
  readonly #settings: KubernetesSettings;
  readonly #folder: string;
  readonly #where: string;
  readonly #troubles: Troubles;
  readonly #ended: AbortController = new AbortController();
  readonly #watched: WatchedObjects;
  readonly #context: DiscoveryContext;
  #leave: (() => Promise<void>) | undefined;
  #announcement: Announcement | undefined;
  #running: Promise<void> = Promise.resolve();
  #targets = 0;

  constructor(settings: KubernetesSettings, context: DiscoveryContext) {
    const { logger, folder } = context;
    this.#settings = settings;
    this.#folder = folder;
    this.#context = context;
    this.#where = `${whereOf(settings.server)} (${settings.role})`;
    this.#troubles = new Troubles(logger, { kind: "kubernetes", where: this.#where });
    this.#watched = new WatchedObjects(this.#troubles, () => this.#changed());
  }

  start(found: (groups: readonly TargetGroup[]) => void): void {
    const { role, attach } = this.#settings;
    this.#announcement = new Announcement(SPACING_MS, () => {
      const groups = roles[role].groups(this.#watched.objects(), attach);
      this.#targets = groups.reduce((sum, { targets }) => sum + targets.length, 0);
      found(groups);
    });
    this.#running = this.#run();
    this.#leave = this.#followEvents();
  }

  state(): DiscoveryState {
    const trouble = this.#troubles.message;
    return {
      kind: "kubernetes",
      where: this.#where,
      targets: this.#targets,
      failures: this.#troubles.failures,
      ...(trouble === undefined ? {} : { trouble }),
    };
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#announcement?.close();
    await this.#leave?.();
    await this.#running;
  }

  /** Once for all roles that see the same namespaces. */
  #followEvents(): (() => Promise<void>) | undefined {
    const { server, namespaces, ownNamespace } = this.#settings;
    const { orchestrators, logger } = this.#context;
    const key = JSON.stringify([server, namespaces, ownNamespace, this.#folder]);
    return orchestrators?.follow(key, () => {
      const open = async (): Promise<Opened> => ({
        namespaces: await this.#namespaces(),
        server: await openApiServer(server, this.#folder),
      });
      return new KubeEvents({ open, where: whereOf(server), logger });
    });
  }

  /** Nothing is said before everything is known: a pod without its node would look like another. */
  #changed(): void {
    if (this.#watched.synced) this.#announcement?.ask();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    const opened = await this.#open();
    if (opened === undefined) return;
    const { role, attach, selectors } = this.#settings;
    const names: readonly ResourceName[] = resourcesFor(role, attach);
    for (const name of names) {
      const paths = new Set(opened.namespaces.map((namespace) => pathOf(name, namespace)));
      for (const path of paths) {
        this.#watched.add(opened.server, name, path, selectors.get(name));
      }
    }
    await this.#watched.run(signal);
    opened.server.close();
  }

  /** Reads what stands in files, until it can be read; undefined when it was closed before. */
  async #open(): Promise<Opened | undefined> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        const namespaces = await this.#namespaces();
        const server = await openApiServer(this.#settings.server, this.#folder);
        this.#troubles.succeeded("its files");
        return { server, namespaces };
      } catch (error) {
        this.#troubles.failed("its files", error);
        await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    return undefined;
  }

  /** All are one that is empty. */
  async #namespaces(): Promise<readonly string[]> {
    const { namespaces, ownNamespace } = this.#settings;
    if (!ownNamespace) return namespaces.length === 0 ? [""] : namespaces;
    const own = (await readFile(`${SERVICE_ACCOUNT}/namespace`, "utf8")).trim();
    if (own === "") throw new Error(`cannot tell our namespace: ${SERVICE_ACCOUNT} has none`);
    return [...namespaces, own];
  }
}
