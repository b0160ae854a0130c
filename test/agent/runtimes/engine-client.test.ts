import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EngineClient } from "../../../agent/runtimes/docker-api/engine-client.ts";
import { FakeEngine } from "./fake-engine.ts";

const ROOM = 65_536;

let engine: FakeEngine;
let client: EngineClient;

beforeEach(async () => {
  engine = new FakeEngine();
  await engine.listen();
  client = new EngineClient(engine.socket);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  client.close();
  await engine.close();
});

describe("a client of an engine", () => {
  it("asks for what it is told to ask for, the query too", async () => {
    const urls: (string | undefined)[] = [];
    engine.oddity = (_path, _response, request) => {
      urls.push(request.url);
      return false;
    };
    const filters = encodeURIComponent(JSON.stringify({ id: ["a", "b&c"] }));
    await client.ask("/containers/json?all=true", ROOM);
    await client.ask(`/version?all=true&filters=${filters}`, ROOM);
    expect(urls).toEqual(["/containers/json?all=true", `/version?all=true&filters=${filters}`]);
  });

  it("takes nothing from the environment, which is another engine's", async () => {
    vi.stubEnv("DOCKER_HOST", "tcp://127.0.0.1:1");
    vi.stubEnv("DOCKER_CLIENT_TIMEOUT", "1");
    expect(await client.ask("/version", ROOM)).toMatchObject({ ApiVersion: "1.50" });
  });

  it("reads no more than it was given room for, of errors too", async () => {
    await expect(client.ask("/version", 10)).rejects.toMatchObject({ reason: "too_large" });
    engine.oddity = (_path, response) => {
      response.writeHead(500).end("x".repeat(ROOM + 1));
      return true;
    };
    await expect(client.ask("/version", ROOM)).rejects.toMatchObject({ reason: "too_large" });
  });

  it("fails with why it was closed, whatever is under way", async () => {
    engine.oddity = () => true;
    const asked = client.ask("/version", ROOM);
    await vi.waitFor(() => expect(engine.asked).toHaveLength(1));
    client.close();
    await expect(asked).rejects.toMatchObject({ reason: "closed" });
    await expect(client.ask("/version", ROOM)).rejects.toMatchObject({ reason: "closed" });
  });

  it("asks again if a kept connection was closed in the meantime", async () => {
    await client.ask("/version", ROOM);
    let isFirst = true;
    engine.oddity = (_path, response) => {
      if (!isFirst) return false;
      isFirst = false;
      response.destroy();
      return true;
    };
    expect(await client.ask("/version", ROOM)).toMatchObject({ ApiVersion: "1.50" });
  });
});

describe("a client over TCP", () => {
  let server: Server;
  afterEach(() => server.close());

  it.each(["127.0.0.1", "::1"])("speaks with %s", async (address) => {
    server = createServer((_request, response) => response.end('{"Version":"1"}'));
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    const { port } = server.address() as AddressInfo;
    const host = address.includes(":") ? `[${address}]` : address;
    const remote = new EngineClient({ origin: `http://${host}:${port}` });
    expect(await remote.ask("/version", ROOM)).toEqual({ Version: "1" });
    remote.close();
  });
});
