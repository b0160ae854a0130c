import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { printableUrl } from "../../../lib/printable-url.ts";
import type { NewEvent } from "../../../wire/events/event.ts";
import type { EarlierEvents, Orchestrator } from "../orchestrator.ts";
import type { ApiServer } from "./api-server.ts";
import { readKubeEvent } from "./kube-event.ts";
import { Watch } from "./watch.ts";

/** What a cluster's events are heard with. */
export interface KubeEventsOptions {
  /** Opens the API server, which is closed with this; what stands in files may not be there yet. */
  readonly open: () => Promise<{
    readonly server: ApiServer;
    /** Of all of them if it is one that is empty. */
    readonly namespaces: readonly string[];
  }>;
  /** Without anything secret. */
  readonly where: string;
  readonly logger: Logger;
}

const RETRY_MS = 5000;
/** Kubernetes keeps them for an hour; so many are remembered as told. */
const MOST_TOLD = 200_000;

/**
 * Follows the events that a Kubernetes cluster keeps of its objects. Each is told once each time that it
 * happens again; what happens more often while nobody listens is told once, with its count.
 */
export class KubeEvents implements Orchestrator {
  readonly #options: KubeEventsOptions;
  readonly #ended = new AbortController();
  /** How often an event had happened when it was told last. */
  readonly #counts = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();
  #isTrouble = false;
  // What becomes of containers nobody here tells.
  readonly hasBegun = true;

  constructor(options: KubeEventsOptions) {
    this.#options = options;
  }

  start(told: (event: NewEvent) => void, earlier: EarlierEvents): void {
    this.#running = this.#run((object) => this.#take(object, told, earlier));
  }

  tells(): boolean {
    return false;
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(take: (object: unknown) => void): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        const { server, namespaces } = await this.#options.open();
        const watches = namespaces.map(
          (namespace) =>
            new Watch(server, { path: pathOf(namespace), read: take }, this.#listener()),
        );
        // oxlint-disable-next-line no-await-in-loop
        await Promise.all(watches.map((watch) => watch.run(signal)));
        server.close();
      } catch (error) {
        this.#say(error);
        // oxlint-disable-next-line no-await-in-loop
        await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  #listener(): ConstructorParameters<typeof Watch>[2] {
    const { logger, where } = this.#options;
    return {
      changed: () => undefined,
      succeeded: () => {
        if (this.#isTrouble) logger.info({ where }, "a cluster's events are heard again");
        this.#isTrouble = false;
      },
      failed: (error) => this.#say(error),
    };
  }

  #take(object: unknown, told: (event: NewEvent) => void, earlier: EarlierEvents): void {
    const found = readKubeEvent(object);
    if (found === undefined || this.#ended.signal.aborted) return;
    const { uid, count, event } = found;
    const before = this.#counts.get(uid);
    if (before !== undefined && before >= count) return;
    this.#counts.delete(uid);
    this.#counts.set(uid, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > MOST_TOLD && oldest !== undefined) this.#counts.delete(oldest);
    if (before === undefined && earlier.has(event.details.mark ?? "")) return;
    told(event);
  }

  #say(error: unknown): void {
    if (this.#ended.signal.aborted || this.#isTrouble) return;
    this.#isTrouble = true;
    const { logger, where } = this.#options;
    const trouble = printableUrl(messageOf(error));
    const remedy = "allow our account to list and watch events";
    logger.warn({ where, trouble, remedy }, "cannot hear the events of a cluster");
  }
}

function pathOf(namespace: string): string {
  return namespace === "" ? "/api/v1/events" : `/api/v1/namespaces/${namespace}/events`;
}
