import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import type Docker from "dockerode";

import { messageOf } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import type { EngineContainer, Runtime, RuntimeHealth, RuntimeListener } from "../runtime.ts";
import type { Endpoint } from "./endpoint.ts";
import { isChange, parseEvent, parseInspected, parseListed } from "./parse.ts";

/** An answer that takes longer will not come. */
const CALL_TIMEOUT_MS = 10_000;

/** How often a silent engine is asked whether it is there, and how often all containers are listed. */
const PING_MS = 10_000;
const RESCAN_MS = 60_000;

/** How long to wait before the next try to connect; one on a socket that refuses costs nothing. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 5000;

/** How many containers are asked for at once. */
const PARALLEL = 4;

/** Something is wrong with an engine that no code of Node's or Docker's names. */
class EngineError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A Docker Engine, or what speaks its API. */
export class DockerRuntime implements Runtime {
  readonly name = "docker";
  readonly failures: Map<string, number> = new Map();
  health: RuntimeHealth = "absent";
  engineVersion: string | undefined;
  apiVersion: string | undefined;
  readonly #endpoint: Endpoint;
  readonly #logger: Logger;
  readonly #envPrefixes: readonly string[];
  readonly #stop: AbortController = new AbortController();
  /** Containers whose state has changed and must be asked for. */
  readonly #changed: Set<string> = new Set();
  /** What the last list said of each container. */
  #listed: Map<string, string> = new Map();
  /** Containers that are being asked for. */
  readonly #asked: Set<string> = new Set();
  /** Monotonic; NaN while there is no connection. */
  #connectedAt = Number.NaN;
  #running: Promise<void> = Promise.resolve();

  /** @param envPrefixes how the names of the environment's variables begin that are kept */
  constructor(endpoint: Endpoint, logger: Logger, envPrefixes: readonly string[] = []) {
    this.#endpoint = endpoint;
    this.#logger = logger;
    this.#envPrefixes = envPrefixes;
  }

  start(listener: RuntimeListener): void {
    this.#running = this.#run(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(listener: RuntimeListener): Promise<void> {
    let wait = FIRST_RETRY_MS;
    while (!this.#stop.signal.aborted) {
      const { socket } = this.#endpoint;
      if (socket !== undefined && !existsSync(socket)) this.#become("absent");
      else await this.#follow(listener).catch((error: unknown) => this.#failed(error));
      const connectedMs = performance.now() - this.#connectedAt;
      if (this.health === "absent" || connectedMs > LAST_RETRY_MS) wait = FIRST_RETRY_MS;
      await sleep(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, LAST_RETRY_MS);
    }
  }

  /** Follows the engine until it goes away, which is an error. */
  async #follow(listener: RuntimeListener): Promise<void> {
    this.#connectedAt = Number.NaN;
    // Another life of the engine may have started the same containers again.
    this.#listed = new Map();
    // Only now, as it is large and many hosts have no Docker.
    const { default: Engine } = await import("dockerode");
    const engine = new Engine(this.#endpoint.options);
    const connection = new AbortController();
    const end = (): void => connection.abort();
    this.#stop.signal.addEventListener("abort", end, { once: true });
    try {
      // Events first: what happens while the list is read must not be missed.
      const events = await this.#openEvents(engine, connection.signal);
      await this.#list(engine, listener);
      this.#connectedAt = performance.now();
      this.#become("connected");
      void this.#askVersion(engine, connection.signal);
      await Promise.race([
        this.#readEvents(events, engine, listener),
        this.#watch(engine, listener, connection.signal),
      ]);
    } finally {
      this.#stop.signal.removeEventListener("abort", end);
      connection.abort();
    }
  }

  /** Asks what the engine is; it is followed whether it tells or not. */
  async #askVersion(engine: Docker, signal: AbortSignal): Promise<void> {
    try {
      const { Version, ApiVersion } = await inTime(engine.version(), "its version", signal);
      this.engineVersion = Version;
      this.apiVersion = ApiVersion;
    } catch (error) {
      if (!signal.aborted) this.#count(error);
    }
  }

  #openEvents(engine: Docker, signal: AbortSignal): Promise<NodeJS.ReadableStream> {
    const events = engine.getEvents({ filters: { type: ["container"] }, abortSignal: signal });
    return inTime(events, "its events", signal);
  }

  async #readEvents(
    events: NodeJS.ReadableStream,
    engine: Docker,
    listener: RuntimeListener,
  ): Promise<void> {
    for await (const line of createInterface({ input: events })) {
      if (line === "") continue;
      const event = parseEvent(line);
      if (event === undefined) continue;
      if (event.action === "start" || event.action === "die") listener.cgroupsChanged();
      if (event.action === "destroy") listener.remove(event.id);
      else if (isChange(event)) this.#changed.add(event.id);
      listener.event?.(event);
      this.#askChanged(engine, listener);
    }
    if (this.#stop.signal.aborted) return;
    throw new EngineError("ended", "cannot follow its events: the stream ended");
  }

  /** Notices an engine that hangs, and what its events have not told. */
  async #watch(engine: Docker, listener: RuntimeListener, signal: AbortSignal): Promise<void> {
    let listedAt = performance.now();
    while (!signal.aborted) {
      await sleep(PING_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      if (performance.now() - listedAt < RESCAN_MS) {
        await inTime(engine.ping(), "a sign of life", signal);
        continue;
      }
      await this.#list(engine, listener);
      listedAt = performance.now();
    }
  }

  async #list(engine: Docker, listener: RuntimeListener): Promise<void> {
    const abortSignal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const listed = await engine.listContainers({ all: true, abortSignal });
    const before = this.#listed;
    this.#listed = new Map();
    listener.retain(new Set(listed.map(({ Id: id }) => id)));
    for (const container of listed.map(parseListed)) {
      const seen = JSON.stringify(container);
      this.#listed.set(container.id, seen);
      // Nothing is asked for again that an event has told already.
      if (before.get(container.id) === seen) continue;
      listener.upsert(container);
      this.#changed.add(container.id);
    }
    this.#askChanged(engine, listener);
  }

  /**
   * Asks for what has changed, a few at a time. Never for one container twice at once: the older
   * answer might come last.
   */
  #askChanged(engine: Docker, listener: RuntimeListener): void {
    for (const id of this.#changed) {
      if (this.#asked.size >= PARALLEL) return;
      if (this.#asked.has(id)) continue;
      this.#changed.delete(id);
      this.#asked.add(id);
      void this.#ask(engine, id, listener);
    }
  }

  async #ask(engine: Docker, id: string, listener: RuntimeListener): Promise<void> {
    const container = await this.#inspect(engine, id);
    this.#asked.delete(id);
    if (container !== undefined) listener.upsert(container);
    this.#askChanged(engine, listener);
  }

  async #inspect(engine: Docker, id: string): Promise<EngineContainer | undefined> {
    try {
      const abortSignal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      const inspected = await engine.getContainer(id).inspect({ abortSignal });
      return parseInspected(inspected, this.#envPrefixes);
    } catch (error) {
      // Gone since: its own event says so.
      if (error instanceof Error && "statusCode" in error && error.statusCode === 404) {
        return undefined;
      }
      this.#count(error);
      // Asked for again when all are listed the next time.
      this.#listed.delete(id);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#count(error);
    this.#become("failing", error);
  }

  #count(error: unknown): void {
    const reason = reasonOf(error);
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }

  #become(health: RuntimeHealth, error?: unknown): void {
    if (health === this.health) return;
    this.health = health;
    const fields = { runtime: this.name, socket: this.#endpoint.socket };
    if (health === "failing") {
      this.#logger.warn(
        { ...fields, cause: messageOf(error) },
        "cannot follow the container engine",
      );
    } else this.#logger.info(fields, `container engine ${health}`);
  }
}

/** Waits for an answer, but not for ever. */
async function inTime<T>(answer: Promise<T>, what: string, signal: AbortSignal): Promise<T> {
  const answered = new AbortController();
  const over = AbortSignal.any([signal, answered.signal]);
  const late = sleep(CALL_TIMEOUT_MS, undefined, { signal: over, ref: false }).then(() => {
    throw new EngineError("timeout", `cannot get ${what}: no answer in time`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    answered.abort();
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "other";
  if (error instanceof EngineError) return error.reason;
  if (error.name === "AbortError" || error.name === "TimeoutError") return "timeout";
  if ("code" in error && typeof error.code === "string") return error.code.toLowerCase();
  if ("statusCode" in error) return `http_${String(error.statusCode)}`;
  return error instanceof SyntaxError ? "malformed" : "other";
}
