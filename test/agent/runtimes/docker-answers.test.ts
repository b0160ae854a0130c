import type { ServerResponse } from "node:http";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createDocker } from "../../../agent/runtimes/docker/docker.ts";
import type { EngineContainer, Runtime } from "../../../agent/runtimes/runtime.ts";
import { type KnownContainers, knownOf } from "../../known-containers.ts";
import { logLines } from "../../lib/http/log-lines.ts";
import { until } from "../../testbed/wait.ts";
import { FakeEngine } from "./fake-engine.ts";

let engine: FakeEngine;
let runtime: Runtime;
let known: KnownContainers;

beforeEach(async () => {
  engine = new FakeEngine();
  engine.containers.set("1", { name: "web", state: "running" });
  await engine.listen();
  const endpoint = { sockets: [engine.socket] };
  runtime = createDocker({ endpoint, envPrefixes: [] }, logLines().logger);
});

afterEach(async () => {
  await runtime.close();
  await engine.close();
});

function told(id: string): EngineContainer | undefined {
  return known.containers.get(id);
}

function answerLists(answer: (response: ServerResponse) => void): void {
  engine.oddity = (path, response) => {
    if (path === "/containers/json") answer(response);
    return path === "/containers/json";
  };
}

async function isFollowed(): Promise<void> {
  await until("the container", () => told("1")?.restarts === 2);
  await until("the connection", () => runtime.health === "connected");
}

describe("an event that a container was made", () => {
  const Attributes = { name: "new", image: "nginx", team: "shop", containerExitCode: "0" };
  const creation = { Type: "container", Action: "create", Actor: { ID: "2", Attributes } };

  it("names it before the engine answers for it, as that waits until it has started", async () => {
    known = knownOf(runtime);
    await isFollowed();
    // It answers never.
    engine.oddity = (path) => path === "/containers/2/json";
    engine.tellLine(JSON.stringify(creation));
    await until("the name", () => told("2") !== undefined);
    expect(told("2")).toEqual({
      id: "2",
      name: "new",
      image: "nginx",
      labels: { team: "shop" },
      state: "created",
    });
  });

  it("says nothing of one that a list has told already", async () => {
    engine.containers.set("2", { name: "renamed", state: "running" });
    known = knownOf(runtime);
    await isFollowed();
    await until("the other", () => told("2")?.restarts === 2);
    engine.oddity = (path) => path === "/containers/2/json";
    engine.tellLine(JSON.stringify(creation));
    await until("the question", () => engine.count("/containers/2/json") === 2);
    expect(told("2")).toMatchObject({ name: "renamed", state: "running" });
  });
});

describe("a list", () => {
  it("that stops in the middle is given up, and asked for again", async () => {
    answerLists((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('[{"Id":"1","Names":["/web"],"State":"running"},{"Id":"2","Na');
    });
    known = knownOf(runtime);
    await until("a failure", () => runtime.failures.get("timeout"));
    expect(known.containers.size).toBe(0);
    engine.oddity = () => false;
    await isFollowed();
  }, 60_000);

  it("that is whole but too large is not read, and asked for again", async () => {
    const entry = '{"Id":"1","Names":["/web"]}';
    const body = Buffer.from(`[${entry}${" ".repeat(32 * 1_048_576)}]`);
    answerLists((response) => {
      response.writeHead(200, { "content-length": body.length }).end(body);
    });
    known = knownOf(runtime);
    await until("a failure", () => runtime.failures.get("too_large"));
    expect(known.containers.size).toBe(0);
    engine.oddity = () => false;
    await isFollowed();
  }, 60_000);
});
