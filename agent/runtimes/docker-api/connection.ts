import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import type { EngineContainer, RuntimeListener } from "../runtime.ts";
import { Asking } from "./asking.ts";
import type { Beyond, OpenBeyond } from "./beyond.ts";
import type { EngineClient } from "./engine-client.ts";
import { EngineError, isMissing } from "./engine-error.ts";
import { createdBy, isChange, parseEvent } from "./events.ts";
import { type EngineVersion, parseInspected, parseList, parseVersion } from "./parse.ts";
import { millisecondsOf, nanosOf, type Replay } from "./replay.ts";

/** How often all containers are listed, for what no event has told and for an engine that hangs. */
const RESCAN_MS = 60_000;

/** How long an engine may take until it tells events. */
const OPENING_MS = 10_000;

/** Podman does not answer before the first event: so long it is given to begin to listen. */
const SILENT_OPENING_MS = 500;

/**
 * After so long whatever else waits for the loop comes first. As long as there is something to read
 * Node.js goes on for thousands of events, and meanwhile nothing is sampled, sent or written.
 */
const TURN_MS = 5;

/** A thousand containers with very many labels each. */
const MOST_LIST_BYTES = 33_554_432;
const MOST_CONTAINER_BYTES = 4_194_304;
const MOST_VERSION_BYTES = 65_536;

/** How an engine is followed. */
export interface ConnectionOptions {
  readonly client: EngineClient;
  readonly listener: RuntimeListener;
  /** How the names of the environment's variables begin that are kept. */
  readonly envPrefixes: readonly string[];
  /** It answers a request for events with the first event only. */
  readonly isSilentAtFirst: boolean;
  readonly openBeyond: OpenBeyond | undefined;
  /** What has been heard over connections before this one. */
  readonly replay: Replay;
  /** Events are followed, and all containers have been told. */
  readonly connected: () => void;
  readonly versionTold: (version: EngineVersion) => void;
  /** Something went wrong that the connection survives. */
  readonly failed: (error: unknown) => void;
}

/** One connection with an engine that speaks Docker's API, from the first list to its end. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #asking: Asking<EngineContainer>;
  readonly #ended: AbortController = new AbortController();
  /** What the last list said of each container. */
  #listed: Map<string, string> = new Map();
  #isListed = false;
  /** While a list is on its way: of which containers events have told since it was asked for. */
  #toldMeanwhile: Set<string> | undefined;
  #beyond: Beyond | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#asking = new Asking(
      (id) => this.#inspect(id),
      (container) => this.#upsert(container),
    );
  }

  /** Follows the engine until it goes away, which is an error, or until `close`. */
  async follow(): Promise<void> {
    try {
      // Events first: what happens while the list is read must not be missed.
      const events = this.#options.client.follow(this.#options.replay.path(Date.now()));
      await Promise.race([this.#readEvents(events), this.#keepListing(events)]);
    } finally {
      this.close();
    }
  }

  close(): void {
    this.#ended.abort();
    this.#options.client.close();
  }

  async #readEvents(opening: Promise<AsyncIterable<string>>): Promise<void> {
    let began = performance.now();
    for await (const line of await opening) {
      this.#readEvent(line);
      if (performance.now() - began < TURN_MS) continue;
      await turn();
      began = performance.now();
    }
    throw new EngineError("ended", "cannot follow its events: the stream ended");
  }

  #readEvent(line: string): void {
    const { listener, failed, replay } = this.#options;
    const event = parsedEvent(line, failed);
    if (event === undefined || this.#ended.signal.aborted) return;
    const { id, action } = event;
    const nanos = nanosOf(line);
    if (!replay.isNew(id, action, nanos)) return;
    if (action === "start" || action === "die") listener.cgroupsChanged();
    if (action === "destroy") {
      this.#asking.forget(id);
      listener.remove(id);
    } else if (isChange(event)) this.#asking.add(id);
    // Docker answers for a container only when it has started it, and its cgroup is there before.
    if (action === "create" && this.#isNew(id)) this.#upsert(createdBy(event));
    this.#toldMeanwhile?.add(id);
    listener.event?.(nanos === undefined ? event : { ...event, time: millisecondsOf(nanos) });
  }

  /** Not before the first list, which knows more than events of the past that are told again. */
  #isNew(id: string): boolean {
    return this.#isListed && !this.#listed.has(id);
  }

  /** Tells all containers, now and then again every minute. */
  async #keepListing(opening: Promise<unknown>): Promise<void> {
    await this.#opened(opening);
    const version = this.#askVersion();
    const { client, openBeyond } = this.#options;
    const failed = (error: unknown): void => this.#failed(error);
    if (openBeyond !== undefined) this.#beyond = openBeyond(client, await version, failed);
    await this.#list();
    if (!this.#ended.signal.aborted) this.#options.connected();
    const { signal } = this.#ended;
    for (;;) {
      await sleep(RESCAN_MS, undefined, { signal, ref: false });
      await this.#list();
    }
  }

  async #opened(opening: Promise<unknown>): Promise<void> {
    const { isSilentAtFirst } = this.#options;
    const patienceMs = isSilentAtFirst ? SILENT_OPENING_MS : OPENING_MS;
    const answered = new AbortController();
    const late = sleep(patienceMs, "late" as const, { signal: answered.signal });
    late.catch(() => undefined);
    try {
      const first = await Promise.race([opening, late]);
      if (first === "late" && !isSilentAtFirst) {
        throw new EngineError("timeout", "cannot follow its events: no answer in time");
      }
    } finally {
      answered.abort();
    }
  }

  /** Asks what the engine is; it is followed whether it tells or not. */
  async #askVersion(): Promise<EngineVersion | undefined> {
    try {
      const version = parseVersion(await this.#options.client.ask("/version", MOST_VERSION_BYTES));
      this.#options.versionTold(version);
      return version;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  async #list(): Promise<void> {
    const told = new Set<string>();
    this.#toldMeanwhile = told;
    const answer = await this.#options.client.ask("/containers/json?all=true", MOST_LIST_BYTES);
    const containers = parseList(answer);
    const ids = containers.map(({ id }) => id);
    await this.#beyond?.learn(ids);
    this.#toldMeanwhile = undefined;
    this.#beyond?.retain(new Set(ids));
    this.#options.listener.retain(new Set([...ids, ...told]));
    const before = this.#listed;
    this.#listed = new Map();
    for (const container of containers) {
      // Events are newer than the list.
      if (told.has(container.id)) continue;
      this.#readListed(container, before.get(container.id));
    }
    this.#isListed = true;
  }

  /** Tells and asks for a container only if the list says another thing of it than the last one did. */
  #readListed(container: EngineContainer, before: string | undefined): void {
    const { id } = container;
    const seen = JSON.stringify(container);
    this.#listed.set(id, seen);
    if (before === seen) return;
    this.#upsert(container);
    this.#asking.add(id);
  }

  #upsert(container: EngineContainer): void {
    if (this.#ended.signal.aborted) return;
    this.#options.listener.upsert(this.#beyond?.complete(container) ?? container);
  }

  async #inspect(id: string): Promise<EngineContainer | undefined> {
    try {
      const { client, envPrefixes } = this.#options;
      const path = `/containers/${encodeURIComponent(id)}/json`;
      const container = parseInspected(await client.ask(path, MOST_CONTAINER_BYTES), envPrefixes);
      if (container.id !== id) {
        throw new EngineError("malformed", "cannot look at a container: the answer is another");
      }
      await this.#beyond?.learn([id]);
      return container;
    } catch (error) {
      // Gone since: its own event says so. Anything else is asked for again after the next list.
      if (!isMissing(error)) {
        this.#listed.delete(id);
        this.#failed(error);
      }
      return undefined;
    }
  }

  /** What fails because the connection has ended has not failed. */
  #failed(error: unknown): void {
    if (!this.#ended.signal.aborted) this.#options.failed(error);
  }
}

/** A line that is no JSON is passed over: the next list makes up for it. */
function parsedEvent(
  line: string,
  failed: (error: unknown) => void,
): ReturnType<typeof parseEvent> {
  try {
    return parseEvent(line);
  } catch (cause) {
    failed(new EngineError("malformed", "cannot read an event", { cause }));
    return undefined;
  }
}
