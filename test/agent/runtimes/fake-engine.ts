import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Answers one request in an odd way; false if the usual answer is to follow. */
type Oddity = (path: string, response: ServerResponse, request: IncomingMessage) => boolean;

/**
 * Stands in for an engine of Docker's API, with containers that a test can change. Its answers have the
 * form of those of Docker 20.10, with what matters here:
 * https://docs.docker.com/reference/api/engine/version/v1.41/
 */
export class FakeEngine {
  /** Paths that were asked for, without their filters, in order. */
  readonly asked: string[] = [];
  /** By id. */
  readonly containers: Map<string, { name: string; state: string; health?: string }> = new Map();
  oddity: Oddity = () => false;
  /** How many questions about one container were under way at once, at most. */
  mostAtOnce = 0;
  readonly folder: string = mkdtempSync(join(tmpdir(), "plimsoll-engine-"));
  readonly socket: string = join(this.folder, "docker.sock");
  readonly #streams: Set<ServerResponse> = new Set();
  readonly #underWay: Map<string, number> = new Map();
  #server: Server | undefined;

  async listen(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socket, resolve));
  }

  /** As when the engine's process ends. */
  async end(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#streams.clear();
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  }

  async close(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  count(path: string): number {
    return this.asked.filter((each) => each === path).length;
  }

  /** How many follow the events. */
  get followers(): number {
    return this.#streams.size;
  }

  tell(action: string, id: string): void {
    this.tellLine(JSON.stringify({ Type: "container", Action: action, Actor: { ID: id } }));
  }

  tellLine(line: string): void {
    for (const stream of this.#streams) stream.write(`${line}\n`);
  }

  /** Ends the streams of events, as a restarted proxy does. */
  cutEvents(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? "").replace(/\?.*/, "");
    this.asked.push(path);
    if (this.oddity(path, response, request)) return;
    if (path === "/events") {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      this.#streams.add(response);
      response.once("close", () => this.#streams.delete(response));
      return;
    }
    this.#count(path, response);
    const body = this.#bodyOf(path);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? { message: `No such thing: ${path}` }));
  }

  #count(path: string, response: ServerResponse): void {
    const now = (this.#underWay.get(path) ?? 0) + 1;
    this.#underWay.set(path, now);
    this.mostAtOnce = Math.max(this.mostAtOnce, now);
    response.once("close", () => this.#underWay.set(path, (this.#underWay.get(path) ?? 1) - 1));
  }

  #bodyOf(path: string): unknown {
    if (path === "/version") return { Version: "28.2.2", ApiVersion: "1.50" };
    if (path === "/containers/json")
      return [...this.containers.keys()].map((id) => this.#listed(id));
    const id = /^\/containers\/(\w+)\/json$/.exec(path)?.[1] ?? "";
    return this.#inspected(id);
  }

  #listed(id: string): unknown {
    const { name, state, health } = this.containers.get(id) ?? {};
    const Status = health === undefined ? "Up 2 minutes" : `Up 2 minutes (${health})`;
    return { Id: id, Names: [`/${name}`], Image: "nginx", Labels: {}, State: state, Status };
  }

  #inspected(id: string): unknown {
    const container = this.containers.get(id);
    if (container === undefined) return undefined;
    const { name, state, health } = container;
    return {
      Id: id,
      Name: `/${name}`,
      Created: "2026-11-21T06:14:45Z",
      State: { Status: state, ...(health === undefined ? {} : { Health: { Status: health } }) },
      RestartCount: 2,
      HostConfig: { NetworkMode: "bridge" },
      Config: { Image: "nginx", Labels: {}, Env: ["APP_MODE=x", "SECRET=y"] },
    };
  }
}
