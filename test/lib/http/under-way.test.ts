import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { createHttpServer, listen, type Listening } from "../../../lib/http/server.ts";
import { createLogger } from "../../../lib/log.ts";

/** More than fits into the buffers between a server and a reader that waits. */
const BYTES = 30_000_000;

async function serveBig(): Promise<Listening> {
  const logger = createLogger({ level: "warn", format: "text" });
  const app = await createHttpServer({ title: "t", description: "d", version: "1", logger });
  app.get("/whole", (_request, reply) => reply.type("text/plain").send(Buffer.alloc(BYTES)));
  app.get("/stream", (_request, reply) =>
    reply
      .type("text/plain")
      .send(Readable.from(Array.from({ length: 30 }, () => Buffer.alloc(1e6)))),
  );
  return listen(app, "127.0.0.1:0", logger);
}

/** Asks, and takes nothing of the answer yet. */
async function askSlowly(server: Listening, path: string): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`);
  await once(socket, "readable");
  return socket;
}

test.each(["/whole", "/stream"])("a slow reader gets all of %s", async (path) => {
  const server = await serveBig();
  const socket = await askSlowly(server, path);
  const closing = server.close();
  let read = 0;
  socket.on("data", (data) => {
    read += data.length;
  });
  await once(socket, "close");
  expect(read).toBeGreaterThan(BYTES);
  await closing;
});

test("a reader that takes nothing is cut", async () => {
  const server = await serveBig();
  const socket = await askSlowly(server, "/whole");
  socket.on("error", () => undefined);
  await server.close();
  socket.resume();
  await once(socket, "close");
  expect(socket.bytesRead).toBeLessThan(BYTES);
});
