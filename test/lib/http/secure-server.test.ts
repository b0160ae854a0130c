import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";

import { afterEach, expect, it } from "vitest";

import { createHttpServer, listen, type Listening } from "../../../lib/http/server.ts";
import { logLines } from "./log-lines.ts";
import { testCertificate } from "./test-certificate.ts";

const tls = testCertificate();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(headersTimeoutMs: number): Promise<Listening & { port: number }> {
  const { logger } = logLines();
  const info = { title: "T", description: "D", version: "1.0.0" };
  const app = await createHttpServer({ ...info, logger, tls, headersTimeoutMs });
  const server = await listen(app, "127.0.0.1:0", logger);
  return { ...server, port: Number(new URL(server.url).port) };
}

function silent(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  closing.push(() => socket.destroy());
  return socket.on("error", () => undefined).resume();
}

it("ends connections that never speak TLS, speak something else, or say nothing after it", async () => {
  const server = await serve(200);
  closing.push(() => server.close());
  const plain = silent(server.port);
  plain.write("GET / HTTP/1.1\r\n\r\n");
  const quiet = silent(server.port);
  const secure = connectSecure({ port: server.port, host: "127.0.0.1", ca: tls.cert });
  secure.on("error", () => undefined).resume();
  await Promise.all([plain, quiet, secure].map((socket) => once(socket, "close")));
});

it("does not wait at its end for connections that never speak TLS", async () => {
  const server = await serve(20_000);
  const quiet = silent(server.port);
  await once(quiet, "connect");
  await Promise.all([once(quiet, "close"), server.close()]);
  expect(quiet.closed).toBe(true);
});
