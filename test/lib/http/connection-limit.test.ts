import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

import { expect, it } from "vitest";

import { limitConnections } from "../../../lib/http/connection-limit.ts";

async function open(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => undefined).resume();
  await once(socket, "connect");
  return socket;
}

it("an address has no more connections than it may, and others have theirs", async () => {
  const server = createServer((_request, response) => response.end("ok"));
  limitConnections(server, 2);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const first = await open(port, "127.0.0.1");
  const second = await open(port, "127.0.0.1");
  const third = await open(port, "127.0.0.1");
  await once(third, "close");
  const other = await open(port, "127.0.0.2");
  for (const socket of [first, second, other]) {
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    expect(data.toString()).toContain("HTTP/1.1 200");
  }
  const gone = once(
    server.on("connection", () => undefined),
    "close",
  );
  first.destroy();
  await once(first, "close");
  // It has ended here before the server hears of it.
  for (;;) {
    const again = await open(port, "127.0.0.1");
    again.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const isTaken = await Promise.race([
      once(again, "data").then(() => true),
      once(again, "close").then(() => false),
    ]);
    again.destroy();
    if (isTaken) break;
  }
  server.close();
  server.closeAllConnections();
  await gone;
});
