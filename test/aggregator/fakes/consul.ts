import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An instance of a service with its node and checks, as `/v1/health/service/NAME` says it. */
export interface FakeEntry {
  readonly Node: object;
  readonly Service: { readonly Tags?: readonly string[]; readonly [field: string]: unknown };
  readonly Checks: readonly object[];
}

/**
 * A fake of Consul's HTTP API: questions wait for a change after the index they name, as documented in
 * https://developer.hashicorp.com/consul/api-docs/features/blocking . Filters it does not heed; it
 * keeps what it was asked.
 */
export class FakeConsul {
  /** Paths with queries, in the order in which they were asked for. */
  readonly asked: URL[] = [];
  /** `x-consul-token` of the last request. */
  token: string | undefined;
  failing = false;
  index = 10;
  readonly #server: Server = createServer((request: IncomingMessage, response: ServerResponse) =>
    this.#answer(request, response),
  );
  #services: Readonly<Record<string, readonly FakeEntry[]>> = {};
  #waiting: { url: URL; response: ServerResponse }[] = [];

  /** Gives back its `HOST:PORT`. */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** How many questions wait for a change. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The services from now on; whoever waits is told. */
  show(
    services: Readonly<Record<string, readonly FakeEntry[]>>,
    index: number = this.index + 1,
  ): void {
    this.#services = services;
    this.index = index;
    this.#tellAll();
  }

  /** From now on every question is refused, those that wait too. */
  fail(): void {
    this.failing = true;
    this.#tellAll();
  }

  /** Answers whoever waits, as after the longest time, with nothing new. */
  tire(): void {
    this.#tellAll();
  }

  #tellAll(): void {
    for (const { url, response } of this.#waiting.splice(0)) this.#say(url, response);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://fake");
    this.asked.push(url);
    const token = request.headers["x-consul-token"];
    this.token = typeof token === "string" ? token : undefined;
    const index = url.searchParams.get("index");
    if (this.failing || index === null || Number(index) !== this.index) {
      return this.#say(url, response);
    }
    const waiting = { url, response };
    this.#waiting.push(waiting);
    response.once("close", () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
    });
  }

  #say(url: URL, response: ServerResponse): void {
    if (this.failing) return void response.writeHead(500).end("No cluster leader");
    response.writeHead(200, {
      "content-type": "application/json",
      "x-consul-index": String(this.index),
    });
    response.end(JSON.stringify(this.#valueAt(url.pathname.replace(/^\/consul/u, ""))));
  }

  #valueAt(path: string): unknown {
    if (path === "/v1/agent/self") return { Config: { Datacenter: "dc1", NodeName: "foobar" } };
    if (path === "/v1/catalog/services") {
      const tagsOf = (entries: readonly FakeEntry[]): string[] => [
        ...new Set(entries.flatMap(({ Service }) => Service.Tags ?? [])),
      ];
      return Object.fromEntries(
        Object.entries(this.#services).map(([name, entries]) => [name, tagsOf(entries)]),
      );
    }
    const [, name = ""] = /^\/v1\/health\/service\/(.+)$/u.exec(path) ?? [];
    return this.#services[decodeURIComponent(name)] ?? [];
  }
}
