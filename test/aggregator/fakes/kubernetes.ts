import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { textAt } from "../../../lib/json-at.ts";

/** An object as the API server says it. */
export interface FakeObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

interface Event {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** `/api/v1/pods`. */
  readonly resource: string;
  readonly object: FakeObject;
}

interface Watcher {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
}

/**
 * A fake of the Kubernetes API server: lists in pages, watches from a version on, bookmarks, and 410
 * for versions it has forgotten, as documented in
 * https://kubernetes.io/docs/reference/using-api/api-concepts/ . Selectors it does not heed; it keeps
 * what it was asked.
 */
export class FakeKubernetes {
  /** Paths with queries, in the order in which they were asked for. */
  readonly asked: URL[] = [];
  /** `authorization` of the last request. */
  authorization: string | undefined;
  failing = false;
  readonly #server: Server = createServer((request: IncomingMessage, response: ServerResponse) =>
    this.#answer(request, response),
  );
  readonly #objects: Map<string, { resource: string; object: FakeObject }> = new Map();
  #events: Event[] = [];
  #watchers: Watcher[] = [];
  #version = 100;
  #oldest = 100;

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get watches(): number {
    return this.#watchers.length;
  }

  put(resource: string, object: FakeObject): void {
    const key = keyOf(resource, object);
    const type = this.#objects.has(key) ? "MODIFIED" : "ADDED";
    this.#objects.set(key, { resource, object });
    this.#happen(type, resource, object);
  }

  remove(resource: string, object: FakeObject): void {
    if (this.#objects.delete(keyOf(resource, object))) this.#happen("DELETED", resource, object);
  }

  /** All objects of a resource, in place of those that were. */
  show(resource: string, objects: readonly FakeObject[]): void {
    const keys = new Set(objects.map((object) => keyOf(resource, object)));
    for (const [key, kept] of this.#objects) {
      if (kept.resource === resource && !keys.has(key)) this.remove(resource, kept.object);
    }
    for (const object of objects) this.put(resource, object);
  }

  /** Forgets what has happened: older versions have expired. */
  compact(): void {
    this.#version += 10;
    this.#oldest = this.#version;
    this.#events = [];
  }

  /** Tells the watches how far they have come. */
  bookmark(): void {
    const metadata = { resourceVersion: String(this.#version) };
    for (const { response } of this.#watchers) send(response, "BOOKMARK", { metadata });
  }

  /** Cuts every connection in the middle of a line. */
  cut(): void {
    for (const { response } of this.#watchers) response.write('{"type":"ADDED","object":{"meta');
    this.#watchers = [];
    setImmediate(() => this.#server.closeAllConnections());
  }

  /** Ends the watches as the server does after `timeoutSeconds`. */
  endWatches(): void {
    for (const { response } of this.#watchers) response.end();
    this.#watchers = [];
  }

  #happen(type: Event["type"], resource: string, object: FakeObject): void {
    this.#version += 1;
    const event = { version: this.#version, type, resource, object };
    this.#events.push(event);
    for (const watcher of this.#watchers) this.#tell(watcher, event);
  }

  #tell({ resource, namespace, response }: Watcher, event: Event): void {
    if (event.resource !== resource || !isIn(namespace, event.object)) return;
    send(response, event.type, withVersion(event.object, event.version));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://fake");
    this.asked.push(url);
    this.authorization = request.headers.authorization;
    if (this.failing) return refuse(response, 500, "etcdserver: leader changed");
    const [, api, namespace, plural] =
      /^(.*?)(?:\/namespaces\/([^/]+))?\/([a-z]+)$/u.exec(url.pathname) ?? [];
    const resource = `${api}/${plural}`;
    if (url.searchParams.get("watch") === "true") {
      return this.#watch(url, { resource, namespace, response });
    }
    this.#list(url, resource, namespace, response);
  }

  #list(url: URL, resource: string, namespace: string | undefined, response: ServerResponse): void {
    const all = [...this.#objects.values()]
      .filter((kept) => kept.resource === resource && isIn(namespace, kept.object))
      .map(({ object }) => withVersion(object, this.#version));
    const limit = Number(url.searchParams.get("limit") ?? all.length);
    const [from, version] = (url.searchParams.get("continue") ?? `0:${this.#version}`)
      .split(":")
      .map(Number) as [number, number];
    if (version < this.#oldest)
      return refuse(response, 410, "The provided continue parameter is too old");
    const rest = from + limit < all.length ? { continue: `${from + limit}:${version}` } : {};
    response.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        kind: "List",
        metadata: { resourceVersion: String(this.#version), ...rest },
        items: all.slice(from, from + limit),
      }),
    );
  }

  #watch(url: URL, watcher: Watcher): void {
    const from = Number(url.searchParams.get("resourceVersion"));
    watcher.response.writeHead(200, { "content-type": "application/json" });
    watcher.response.flushHeaders();
    if (from < this.#oldest) {
      // The server says 200 and then this.
      const message = `too old resource version: ${from} (${this.#oldest})`;
      send(watcher.response, "ERROR", { kind: "Status", code: 410, reason: "Expired", message });
      watcher.response.end();
      return;
    }
    this.#watchers.push(watcher);
    watcher.response.once("close", () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
    });
    for (const event of this.#events) {
      if (event.version > from) this.#tell(watcher, event);
    }
  }
}

function keyOf(resource: string, object: FakeObject): string {
  return `${resource} ${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function isIn(namespace: string | undefined, object: FakeObject): boolean {
  return namespace === undefined || textAt(object, "metadata", "namespace") === namespace;
}

function withVersion(object: FakeObject, version: number): object {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function send(response: ServerResponse, type: string, object: object): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function refuse(response: ServerResponse, code: number, message: string): void {
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", message, code };
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(status));
}
