/**
 * The agents of a simulated fleet, in a process of their own; `fleet.ts` starts it. They answer below
 * `/n0`, `/n1`, … on one port of 64 addresses of the loopback network, as if these were hosts.
 *
 *     node fleet-agents.js RECORDING CONTAINERS PORT
 */
import http from "node:http";
import { argv } from "node:process";

import { FEED_CONTENT_TYPE } from "../wire/feed.ts";
import { FleetLines } from "./fleet-lines.ts";
import { readRecording } from "./fleet-recording.ts";

/** As many as `agentUrl` of fleet.ts spreads over. */
const ADDRESSES = 64;

/** A stream that says nothing for long is given up. */
const ALIVE_MS = 10_000;

const [, , path = "", containers = "30", port = "0"] = argv;
const fleet = new FleetLines(readRecording(path), Number(containers));

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://fleet");
  // Nothing ever happens in this fleet; the stream stays open as a real agent's does.
  if (pathname.endsWith("/events")) {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    const alive = setInterval(() => response.write(":\n\n"), ALIVE_MS);
    response.once("close", () => clearInterval(alive));
    return;
  }
  const node = /^\/n(\d+)\/stats\/feed$/.exec(pathname)?.[1];
  if (node === undefined) {
    response.writeHead(404).end();
    return;
  }
  const since = /-(\d+)$/.exec(searchParams.get("since") ?? "")?.[1];
  const until = Math.floor(Date.now() / 1000);
  const body = fleet.body(Number(node), since === undefined ? undefined : Number(since), until);
  response.writeHead(200, { "content-type": FEED_CONTENT_TYPE });
  response.end(Buffer.from(body, "latin1"));
}

for (let address = 1; address <= ADDRESSES; address++) {
  const server = http.createServer({ keepAliveTimeout: 60_000 }, answer);
  server.listen({ port: Number(port), host: `127.0.1.${address}`, backlog: 4096 });
}
