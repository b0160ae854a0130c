import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { extname, join } from "node:path";

import type { ContainerStats } from "../../wire/stats/answer.ts";

/** What the stand-in answers; a test changes it as it goes. */
export interface Canned {
  cluster: string;
  containers: ContainerStats[];
  /** The history of one container, by its id; undefined answers 404. */
  history: (id: string, query: URLSearchParams) => ContainerStats | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** An HTTP server with the built page and canned answers: what the page needs, and no more. */
export class StandInAggregator {
  readonly canned: Canned;
  /** The paths of all questions for `/stats`, query included. */
  readonly asked: string[] = [];
  readonly #folder: string;
  #server: Server | undefined;
  #port = 0;

  constructor(folder: string, canned: Canned) {
    this.#folder = folder;
    this.canned = canned;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Listens; a second time on the same port as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      void this.#answer(new URL(request.url ?? "/", this.url), response);
    });
    await new Promise<void>((resolve) => {
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no TCP port");
    this.#port = address.port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #answer(url: URL, response: ServerResponse): Promise<void> {
    if (url.pathname === "/stats" || url.pathname.startsWith("/stats/")) {
      this.asked.push(url.pathname + url.search);
      this.#answerStats(url, response);
      return;
    }
    const name = url.pathname === "/" ? "/index.html" : url.pathname;
    const body = await readFile(join(this.#folder, name)).catch(() => undefined);
    response
      .writeHead(body === undefined ? 404 : 200, {
        "content-type": TYPES[extname(name)] ?? "text/plain",
        "content-security-policy": "default-src 'self'",
      })
      .end(body);
  }

  #answerStats(url: URL, response: ServerResponse): void {
    const id = decodeURIComponent(url.pathname.slice("/stats/".length));
    const one = id === "" ? undefined : this.canned.history(id, url.searchParams);
    const found = id === "" || one !== undefined;
    const body = found
      ? {
          node: this.canned.cluster,
          time: new Date().toISOString(),
          interval_seconds: 1,
          window_seconds: 60,
          containers: one === undefined ? this.canned.containers : [one],
        }
      : { statusCode: 404, error: "Not Found", message: `there is no container ${id}` };
    response
      .writeHead(found ? 200 : 404, { "content-type": "application/json" })
      .end(JSON.stringify(body));
  }
}
