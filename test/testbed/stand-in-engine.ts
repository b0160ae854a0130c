import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A stand-in for a Docker engine, which tells far more than a real one can do in that time. */
export interface StandInEngine {
  /** `tcp://…`, as `--docker-host` takes it. */
  readonly host: string;
  /** Who follows its events at the moment. */
  followers(): number;
  /**
   * Tells events of its containers, which pause and go on in turn, at a rate for so many seconds; resolves
   * with their number when all have been taken.
   */
  tell(perSecond: number, seconds: number): Promise<number>;
  close(): Promise<void>;
}

/** What comes together is written together, as a busy engine's events come. */
const BATCH_MS = 10;

const idOf = (index: number): string => index.toString(16).padStart(64, "0");

/** In the words of https://docs.docker.com/reference/api/engine/version/v1.44/ */
function answerOf(path: string, containers: number): unknown {
  if (path === "/version") return { Version: "28.0.0", ApiVersion: "1.44", MinAPIVersion: "1.24" };
  if (path === "/containers/json") {
    return Array.from({ length: containers }, (_none, index) => ({
      Id: idOf(index),
      Names: [`/busy-${index}`],
      Image: "busybox:1",
      Labels: { "team.name": "blue" },
      Created: 1_700_000_000,
      State: "running",
      Status: "Up 1 second",
    }));
  }
  const id = /^\/containers\/(?<id>[0-9a-f]{64})\/json$/u.exec(path)?.groups?.["id"];
  if (id === undefined) return undefined;
  return {
    Id: id,
    Name: `/busy-${Number.parseInt(id, 16)}`,
    Created: "2026-01-01T00:00:00Z",
    State: { Status: "running", Running: true, StartedAt: "2026-01-01T00:00:00Z" },
    Config: { Image: "busybox:1", Labels: { "team.name": "blue" }, Env: [] },
    HostConfig: {},
  };
}

function lineOf(count: number, containers: number): string {
  const index = count % containers;
  const isPaused = Math.floor(count / containers) % 2 === 0;
  const nanoseconds = `${Date.now()}${String(count % 1_000_000).padStart(6, "0")}`;
  const attributes = { image: "busybox:1", name: `busy-${index}`, "team.name": "blue" };
  const actor = JSON.stringify({ ID: idOf(index), Attributes: attributes });
  const action = isPaused ? "pause" : "unpause";
  return `{"Type":"container","Action":"${action}","Actor":${actor},"scope":"local","time":${nanoseconds.slice(0, -9)},"timeNano":${nanoseconds}}\n`;
}

/** Starts one with so many containers that run. */
export async function startStandInEngine(containers = 100): Promise<StandInEngine> {
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "", "http://engine").pathname.replace(/^\/v1\.\d+/u, "");
    if (path === "/events") {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      streams.add(response);
      response.once("close", () => streams.delete(response));
      return;
    }
    const answer = answerOf(path, containers);
    const status = answer === undefined ? 404 : 200;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { message: "page not found" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    followers: () => streams.size,
    async tell(perSecond, seconds) {
      const begin = performance.now();
      const all = perSecond * seconds;
      for (let count = 0; count < all;) {
        const due = Math.min(all, Math.floor(((performance.now() - begin) / 1000) * perSecond));
        let text = "";
        for (; count < due; count++) text += lineOf(count, containers);
        for (const stream of streams) {
          // oxlint-disable-next-line no-await-in-loop
          if (text !== "" && !stream.write(text)) await once(stream, "drain");
        }
        // oxlint-disable-next-line no-await-in-loop
        await sleep(BATCH_MS);
      }
      return all;
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
