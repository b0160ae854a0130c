import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../../lib/errors.ts";
import { lines, readText, type Response } from "../../../lib/http/client.ts";
import { at, countAt, listAt, textAt } from "../../../lib/json-at.ts";
import type { ApiServer } from "./api-server.ts";
import { keyOf, readMeta } from "./meta.ts";

/** A list is read in pages of so many objects, so that none takes long to parse. */
const PAGE = 250;
const PAGE_TIMEOUT_MS = 30_000;
const PAGE_BYTES = 134_217_728;

/** The server ends a watch after this time; what has died silently is noticed a little later. */
const WATCH_SECONDS = 120;
const WATCH_GRACE_MS = 20_000;
const WATCH_BYTES = 1_073_741_824;

/** One object; etcd keeps none of more than 1.5 MB. */
const EVENT_BYTES = 4_194_304;

const MOST_OBJECTS = 200_000;

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** What is followed: a resource, perhaps only a part of its objects. */
export interface WatchedResource<T> {
  /** `/api/v1/pods`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** What is kept of an object. */
  read(object: unknown): T;
}

/** Told how it goes. */
export interface WatchListener {
  /** Objects have come, changed or gone; at first when the first list is complete. */
  changed(): void;
  succeeded(): void;
  failed(error: unknown): void;
}

/** The server has forgotten the version from which we would go on: all must be listed anew. */
class ExpiredError extends Error {}

/**
 * Keeps the objects of a resource as they are: lists them once and then watches for changes. What it
 * knows stays while the server cannot be asked.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export class Watch<T> {
  /** By `namespace/name`. */
  objects: Map<string, T> = new Map();
  /** Whether a whole list has been read. */
  synced = false;
  readonly #server: ApiServer;
  readonly #resource: WatchedResource<T>;
  readonly #listener: WatchListener;
  /** Where to go on; undefined if all must be listed. */
  #version: string | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(server: ApiServer, resource: WatchedResource<T>, listener: WatchListener) {
    this.#server = server;
    this.#resource = resource;
    this.#listener = listener;
  }

  /** Follows until the signal comes; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list(signal);
        await this.#follow(this.#version, signal);
      } catch (error) {
        if (signal.aborted) return;
        // That is how the server keeps its memory small; only one that cannot be listed is a trouble.
        if (error instanceof ExpiredError) this.#version = undefined;
        else this.#listener.failed(error);
      }
      await sleep(this.#retryMs, undefined, { signal, ref: false }).catch(() => undefined);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    }
  }

  /** Reads a whole list, which takes the place of what was known; returns its version. */
  async #list(signal: AbortSignal): Promise<string> {
    const objects = new Map<string, T>();
    let next = "";
    let version: string;
    do {
      const query = { limit: String(PAGE), ...(next === "" ? {} : { continue: next }) };
      const page = parse(await readText(await this.#ask(query, signal)));
      for (const object of listAt(page, "items")) this.#keep(objects, object);
      version = textAt(page, "metadata", "resourceVersion");
      next = textAt(page, "metadata", "continue");
    } while (next !== "");
    if (version === "") throw new Error("the list has no resourceVersion");
    this.objects = objects;
    this.synced = true;
    this.#listener.changed();
    this.#listener.succeeded();
    return version;
  }

  async #follow(from: string, signal: AbortSignal): Promise<void> {
    const query = {
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: from,
      timeoutSeconds: String(WATCH_SECONDS),
    };
    const response = await this.#ask(query, signal);
    const startedAt = performance.now();
    this.#listener.succeeded();
    for await (const line of lines(response, EVENT_BYTES)) {
      this.#take(line);
      this.#retryMs = FIRST_RETRY_MS;
    }
    // Nothing has changed for so long; only a server that hangs up at once is left alone for longer.
    if (performance.now() - startedAt > LAST_RETRY_MS) this.#retryMs = FIRST_RETRY_MS;
  }

  #take(line: string): void {
    const event = parse(line);
    const type = textAt(event, "type");
    const object = at(event, "object");
    if (type === "ERROR") throw failure(countAt(object, "code"), textAt(object, "message"));
    if (type === "ADDED" || type === "MODIFIED") this.#keep(this.objects, object);
    else if (type === "DELETED") this.objects.delete(keyOf(readMeta(object)));
    const version = textAt(object, "metadata", "resourceVersion");
    if (version !== "") this.#version = version;
    if (type !== "BOOKMARK") this.#listener.changed();
  }

  #keep(objects: Map<string, T>, object: unknown): void {
    const meta = readMeta(object);
    if (meta.name === "") return;
    const key = keyOf(meta);
    if (objects.size >= MOST_OBJECTS && !objects.has(key)) {
      // Half of a list would look like the whole.
      this.#version = undefined;
      throw new Error(`there are more than ${MOST_OBJECTS} objects`);
    }
    objects.set(key, this.#resource.read(object));
  }

  async #ask(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const { path, labelSelector, fieldSelector } = this.#resource;
    const parameters = new URLSearchParams({
      ...query,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    });
    const isWatch = "watch" in query;
    const response = await this.#server.ask(`${path}?${String(parameters)}`, {
      timeoutMs: isWatch ? WATCH_SECONDS * 1000 + WATCH_GRACE_MS : PAGE_TIMEOUT_MS,
      maxBytes: isWatch ? WATCH_BYTES : PAGE_BYTES,
      headers: { accept: "application/json" },
      signal,
    });
    if (response.status === 200) return response;
    throw failure(response.status, await messageIn(response));
  }
}

/** What a `Status` says; 410 is no trouble. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
function failure(code: number | undefined, message: string): Error {
  if (code === 410) return new ExpiredError("the resource version is too old");
  const reason = message === "" ? "" : `: ${message.slice(0, 300)}`;
  return new Error(`the API server answers ${code ?? "an error"}${reason}`);
}

async function messageIn(response: Response): Promise<string> {
  try {
    return textAt(parse(await readText(response)), "message");
  } catch {
    return "";
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // What came after it is lost as well.
    throw new ExpiredError(`cannot read JSON: ${messageOf(error)}`, { cause: error });
  }
}
