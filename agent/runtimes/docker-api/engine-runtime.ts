import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Runtime, RuntimeHealth, RuntimeListener } from "../runtime.ts";
import type { OpenBeyond } from "./beyond.ts";
import { Connection } from "./connection.ts";
import { type Endpoint, findSocket, printableEndpoint, type Server } from "./endpoint.ts";
import { EngineClient } from "./engine-client.ts";
import { reasonOf } from "./engine-error.ts";
import { Replay } from "./replay.ts";

/** How long to wait before the next try to connect; looking for a socket that is not there costs nothing. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 5000;

/** Where the engine answers, but wrongly: what it sends may be large. */
const LAST_COSTLY_RETRY_MS = 60_000;

/** Failures that cost nearly nothing, or ten seconds of waiting. */
const CHEAP = new Set([
  "econnrefused",
  "econnreset",
  "enoent",
  "eacces",
  "epipe",
  "ended",
  "timeout",
]);

/** Which engine, and how it differs from others of the same API. */
export interface EngineOptions {
  /** `docker`, `podman`: the `runtime` of its containers. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Sockets of another engine, which this one must not be taken for. */
  readonly others?: readonly string[];
  /** How the names of the environment's variables begin that are kept. */
  readonly envPrefixes: readonly string[];
  /** It answers a request for events with the first event only. */
  readonly isSilentAtFirst?: boolean;
  readonly openBeyond?: OpenBeyond;
}

/** An engine that speaks Docker's API. */
export class EngineRuntime implements Runtime {
  readonly name: string;
  readonly failures: Map<string, number> = new Map();
  health: RuntimeHealth = "absent";
  engineVersion: string | undefined;
  apiVersion: string | undefined;
  readonly #options: EngineOptions;
  readonly #logger: Logger;
  readonly #stop: AbortController = new AbortController();
  #connection: Connection | undefined;
  #replay: Replay = new Replay(undefined);
  /** Monotonic; NaN while there is no connection. */
  #connectedAt = Number.NaN;
  #running: Promise<void> = Promise.resolve();

  constructor(options: EngineOptions, logger: Logger) {
    this.name = options.name;
    this.#options = options;
    this.#logger = logger;
  }

  start(listener: RuntimeListener): void {
    this.#replay = new Replay(listener.since);
    this.#running = this.#run(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#connection?.close();
    await this.#running;
  }

  async #run(listener: RuntimeListener): Promise<void> {
    const { signal } = this.#stop;
    let wait = FIRST_RETRY_MS;
    while (!signal.aborted) {
      const lastWait = await this.#tryOnce(listener);
      const connectedMs = performance.now() - this.#connectedAt;
      if (this.health === "absent" || connectedMs > LAST_RETRY_MS) wait = FIRST_RETRY_MS;
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      wait = Math.min(wait * 2, lastWait);
    }
  }

  /** Follows the engine, if it is there, until it goes away; tells how long at most to wait then. */
  async #tryOnce(listener: RuntimeListener): Promise<number> {
    const where = this.#find();
    if (where === undefined) {
      this.#become("absent");
      return LAST_RETRY_MS;
    }
    try {
      await this.#follow(where, listener);
      return LAST_RETRY_MS;
    } catch (error) {
      if (this.#stop.signal.aborted) return LAST_RETRY_MS;
      this.#count(error);
      this.#become("failing", error);
      return CHEAP.has(reasonOf(error)) ? LAST_RETRY_MS : LAST_COSTLY_RETRY_MS;
    }
  }

  #find(): string | Server | undefined {
    const { endpoint, others } = this.#options;
    return "sockets" in endpoint ? findSocket(endpoint.sockets, others) : endpoint;
  }

  async #follow(where: string | Server, listener: RuntimeListener): Promise<void> {
    this.#connectedAt = Number.NaN;
    const { envPrefixes, isSilentAtFirst = false, openBeyond } = this.#options;
    this.#connection = new Connection({
      client: new EngineClient(where),
      listener,
      envPrefixes,
      isSilentAtFirst,
      openBeyond,
      replay: this.#replay,
      connected: () => {
        this.#connectedAt = performance.now();
        this.#become("connected");
      },
      versionTold: ({ engine, api }) => {
        this.engineVersion = engine;
        this.apiVersion = api;
      },
      failed: (error) => this.#count(error),
    });
    await this.#connection.follow();
  }

  #count(error: unknown): void {
    const reason = reasonOf(error);
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }

  #become(health: RuntimeHealth, error?: unknown): void {
    if (health === this.health) return;
    this.health = health;
    const fields = { runtime: this.name, at: printableEndpoint(this.#options.endpoint) };
    if (health === "failing") {
      const cause = messageOf(error);
      this.#logger.warn({ ...fields, cause }, "cannot follow the container engine");
    } else this.#logger.info(fields, `container engine ${health}`);
  }
}
