import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Runtime, RuntimeHealth, RuntimeListener } from "../runtime.ts";
import { CriClient, CriError } from "./client.ts";
import { isBroadcasting } from "./events.ts";
import {
  parseAll,
  parseContainer,
  parseCriEvent,
  parseSandbox,
  parseSandboxStatus,
  parseVersion,
} from "./parse.ts";
import { Pods } from "./pods.ts";

/** How often all containers are listed where nothing seems to happen. */
const RESCAN_MS = 60_000;

/**
 * How often at most where something does: soon enough that nobody sees a container without a name,
 * but a server that has much to list is not kept busy by it for more than a tenth of its time.
 */
const LIST_MS = 250;
const LIST_SHARE = 10;
const SLOWEST_LIST_MS = 2000;

/** How often a server is asked again that does not speak CRI, as containerd beside Docker. */
const NO_CRI_MS = 60_000;

/** How long to wait before the next try to connect; one on a socket that refuses costs nothing. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 5000;

/** How many are asked for at once. */
const PARALLEL = 4;

/**
 * A server of CRI v1, such as containerd or CRI-O. Where its stream of events is for everyone, it is
 * followed; otherwise all is listed when cgroups come and go, and once a minute.
 */
export class CriRuntime implements Runtime {
  readonly failures: Map<string, number> = new Map();
  /** As the server calls itself; before it has answered, as its socket is called. */
  name: string;
  health: RuntimeHealth = "absent";
  engineVersion: string | undefined;
  apiVersion: string | undefined;
  readonly #socket: string;
  readonly #logger: Logger;
  readonly #stop: AbortController = new AbortController();
  /** Ends the wait for the next list. */
  #wake: AbortController = new AbortController();
  #isListWanted = false;
  /** How many statuses have not come in time since the last list. */
  #late = 0;
  #running: Promise<void> = Promise.resolve();

  /** @param socket the path of the server's socket */
  constructor(socket: string, logger: Logger) {
    this.#socket = socket;
    this.#logger = logger;
    this.name = /crio/.test(socket) ? "cri-o" : "containerd";
  }

  start(listener: RuntimeListener): void {
    this.#running = this.#run(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Something has happened that was not told: all is listed, soon. */
  cgroupChanged(): void {
    this.#isListWanted = true;
    this.#wake.abort();
  }

  async #run(listener: RuntimeListener): Promise<void> {
    const pods = new Pods(listener);
    let wait = FIRST_RETRY_MS;
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now();
      let rest = FIRST_RETRY_MS;
      if (!existsSync(this.#socket)) this.#become("absent");
      else if (await this.#isFollowed(pods)) {
        const lasted = performance.now() - startedAt > 2 * LAST_RETRY_MS;
        rest = lasted ? FIRST_RETRY_MS : wait;
        wait = Math.min(rest * 2, LAST_RETRY_MS);
      } else rest = NO_CRI_MS;
      await sleep(rest, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Follows the server until it goes away; false if it speaks no CRI. */
  async #isFollowed(pods: Pods): Promise<boolean> {
    try {
      await this.#follow(pods);
    } catch (error) {
      if (this.#stop.signal.aborted) return true;
      if (error instanceof CriError && error.isUnimplemented) {
        this.#become("absent", error);
        return false;
      }
      this.#count(error);
      this.#become("failing", error);
    }
    return true;
  }

  async #follow(pods: Pods): Promise<void> {
    const client = await CriClient.open(this.#socket);
    const connection = new AbortController();
    const end = (): void => {
      connection.abort();
      this.#wake.abort();
      client.close();
    };
    this.#stop.signal.addEventListener("abort", end, { once: true });
    try {
      this.#stop.signal.throwIfAborted();
      await this.#greet(client);
      // Events first: what happens while the list is read must not be missed.
      const events = this.#followEvents(client, pods);
      await this.#list(client, pods);
      this.#become("connected");
      const lists = this.#keepListing(client, pods, connection.signal);
      await Promise.race([events, lists, lossOf(client)]);
    } finally {
      this.#stop.signal.removeEventListener("abort", end);
      end();
    }
  }

  async #greet(client: CriClient): Promise<void> {
    const { name, version, apiVersion } = parseVersion(await client.ask("Version"));
    if (name !== "") this.name = name;
    this.engineVersion = version;
    this.apiVersion = apiVersion;
  }

  /** Never resolves: without events the lists go on. */
  #followEvents(client: CriClient, pods: Pods): Promise<never> {
    const never = new Promise<never>(() => {});
    if (!isBroadcasting(this.name, this.engineVersion ?? "")) return never;
    const stream = client.follow((message) => {
      const event = parseCriEvent(message);
      if (event === undefined || !pods.takeEvent(event)) this.cgroupChanged();
    });
    // CRI-O whose events are off ends the stream at once.
    const events = stream.ended.then(
      () => never,
      (error: unknown) => {
        if (error instanceof CriError && error.isUnimplemented) return never;
        throw error;
      },
    );
    // It may fail while the first list is read.
    events.catch(() => undefined);
    return events;
  }

  async #keepListing(client: CriClient, pods: Pods, signal: AbortSignal): Promise<void> {
    let listedAt = performance.now();
    let soonest = LIST_MS;
    while (!signal.aborted) {
      const rest = listedAt + (this.#isListWanted ? soonest : RESCAN_MS) - performance.now();
      if (rest > 0) {
        await this.#pause(rest);
        continue;
      }
      listedAt = performance.now();
      await this.#list(client, pods);
      const lasted = performance.now() - listedAt;
      soonest = Math.min(Math.max(LIST_MS, LIST_SHARE * lasted), SLOWEST_LIST_MS);
    }
  }

  /** Until it is woken, at the end of the connection too. */
  async #pause(milliseconds: number): Promise<void> {
    this.#wake = new AbortController();
    const { signal } = this.#wake;
    await sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
  }

  async #list(client: CriClient, pods: Pods): Promise<void> {
    this.#isListWanted = false;
    this.#late = 0;
    pods.beginList(this.name);
    // Containers first: the sandbox of each is there then.
    const { containers } = await client.ask("ListContainers");
    const { items } = await client.ask("ListPodSandbox");
    const unclear = pods.takeList(
      parseAll(items, parseSandbox),
      parseAll(containers, parseContainer),
    );
    await atOnce(unclear.sandboxes, (id) => this.#askSandbox(client, id, pods));
    await atOnce(unclear.containers, (id) => this.#askContainer(client, id, pods));
    pods.endList();
  }

  async #askSandbox(client: CriClient, id: string, pods: Pods): Promise<void> {
    await this.#tolerantly(async () => {
      const answer = await client.ask("PodSandboxStatus", { pod_sandbox_id: id, verbose: true });
      const sandbox = parseSandboxStatus(answer);
      if (sandbox?.id === id) pods.putSandbox(sandbox);
    });
    pods.settle(id);
  }

  async #askContainer(client: CriClient, id: string, pods: Pods): Promise<void> {
    await this.#tolerantly(async () => {
      const { status } = await client.ask("ContainerStatus", { container_id: id });
      const container = parseContainer(status);
      if (container?.id === id) pods.putContainer(container);
    });
    pods.settle(id);
  }

  /** What one does not tell is asked for again with the next list. */
  async #tolerantly(ask: () => Promise<void>): Promise<void> {
    // One that hangs must not hold up the others; when several do, all will.
    if (this.#late >= PARALLEL) return;
    try {
      await ask();
    } catch (error) {
      // Gone since: the next list shows it.
      if (error instanceof CriError && error.isNotFound) return this.cgroupChanged();
      if (this.#stop.signal.aborted) throw error;
      if (error instanceof CriError && error.reason === "timeout") this.#late++;
      this.#count(error);
    }
  }

  #count(error: unknown): void {
    const reason = error instanceof CriError ? error.reason : "other";
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }

  #become(health: RuntimeHealth, error?: unknown): void {
    if (health === this.health) return;
    this.health = health;
    const cause = error === undefined ? {} : { cause: messageOf(error) };
    const fields = { runtime: this.name, socket: this.#socket, ...cause };
    if (health === "failing") this.#logger.warn(fields, "cannot follow the container engine");
    else this.#logger.info(fields, `container engine ${health}`);
  }
}

async function lossOf(client: CriClient): Promise<never> {
  await client.lost();
  throw new CriError("hold the connection", "ended");
}

/** Does something with each, a few at a time. */
async function atOnce(ids: readonly string[], ask: (id: string) => Promise<void>): Promise<void> {
  const rest = ids.values();
  const worker = async (): Promise<void> => {
    for (const id of rest) await ask(id);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
