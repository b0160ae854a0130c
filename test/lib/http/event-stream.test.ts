import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { fastify, type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";

import { encodeEvent, type EventStream, EventStreams } from "../../../lib/http/event-stream.ts";

const apps: FastifyInstance[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

interface Served {
  readonly streams: EventStreams;
  readonly opened: EventStream[];
  /** How many have been closed. */
  closed: number;
  listen(): Promise<IncomingMessage>;
}

async function serve({
  most = 10,
  heartbeatMs = 60_000,
  patienceMs = 60_000,
} = {}): Promise<Served> {
  const app = fastify();
  apps.push(app);
  const streams = new EventStreams({ most, heartbeatMs, patienceMs });
  const served: Served = {
    streams,
    opened: [],
    closed: 0,
    async listen() {
      const { port } = app.server.address() as AddressInfo;
      const [response] = (await once(get({ port, path: "/" }), "response")) as [IncomingMessage];
      return response;
    },
  };
  app.get("/", (_, reply) => {
    const stream = streams.open(reply, () => served.closed++);
    // The head of the answer goes out with the first words.
    stream.send(Buffer.from(":\n\n"));
    served.opened.push(stream);
    return reply;
  });
  app.addHook("preClose", async () => streams.close());
  await app.listen({ port: 0 });
  return served;
}

/** Reads until a text has come. */
async function read(response: IncomingMessage, wanted: string): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response.iterator({ destroyOnReturn: false })) {
    text += String(piece);
    if (text.includes(wanted)) return text;
  }
  throw new Error(`it ended after ${JSON.stringify(text)}`);
}

/** More than the kernel takes for one who reads nothing. */
const FLOOD = encodeEvent("flood", "1", "x".repeat(16 * 1024 * 1024));

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("a stream of events", () => {
  it("is told as the standard has it", async () => {
    const served = await serve();
    const response = await served.listen();
    expect(response.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
    });
    served.opened[0]!.send(encodeEvent("update", "run-5", '{"a":1}'));
    expect(await read(response, "a")).toBe(':\n\nevent: update\nid: run-5\ndata: {"a":1}\n\n');
    response.destroy();
  });

  it("says that it is there when there is nothing to say", async () => {
    const served = await serve({ heartbeatMs: 30 });
    const response = await served.listen();
    expect(await read(response, ":\n\n:\n\n")).toContain(":\n\n");
    response.destroy();
  });

  it("keeps no queue for who reads nothing, and goes on once all was taken", async () => {
    const served = await serve();
    const response = await served.listen();
    const [stream] = served.opened;
    expect(stream!.isReady).toBe(true);
    stream!.send(FLOOD);
    await soon();
    expect(stream!.isReady).toBe(false);
    response.resume();
    while (!stream!.isReady) await soon();
    response.destroy();
  });

  it("cuts off who takes nothing for too long", async () => {
    const served = await serve({ heartbeatMs: 30, patienceMs: 60 });
    const response = await served.listen();
    response.on("error", () => undefined);
    served.opened[0]!.send(FLOOD);
    while (served.closed === 0) await soon();
    expect(served.streams.size).toBe(0);
  });

  it("is refused where there are too many, and given free at its end", async () => {
    const served = await serve({ most: 1 });
    const first = await served.listen();
    const second = await served.listen();
    expect(second.statusCode).toBe(503);
    second.resume();
    first.destroy();
    while (served.closed === 0) await soon();
    const third = await served.listen();
    expect(third.statusCode).toBe(200);
    third.destroy();
  });

  it("ends when the server does: in order for those who read, at once for the others", async () => {
    const served = await serve();
    const [reading, still] = [await served.listen(), await served.listen()];
    still.on("error", () => undefined);
    served.opened[1]!.send(FLOOD);
    await soon();
    const ended = once(reading.resume(), "end");
    await apps.pop()!.close();
    await ended;
    expect(reading.complete).toBe(true);
    while (served.closed < 2) await soon();
  });
});
