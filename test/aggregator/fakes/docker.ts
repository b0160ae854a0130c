import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A fake of the lists of Docker's Engine API; the real one is in test/system. */
export class FakeDocker {
  /** By path: `/containers/json`. What is not there is refused, in Docker's words. */
  lists: Readonly<Record<string, unknown>> = {};
  /** Paths with queries, in the order in which they were asked for. */
  readonly asked: URL[] = [];
  readonly #server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "", "http://fake");
    this.asked.push(url);
    const list = this.lists[url.pathname];
    response.writeHead(list === undefined ? 503 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(list ?? { message: "This node is not a swarm manager." }));
  });

  /** Gives back its `tcp://HOST:PORT`. */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
