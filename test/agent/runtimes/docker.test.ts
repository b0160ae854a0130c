import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";

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
let lines: string[];

beforeEach(async () => {
  engine = new FakeEngine();
  engine.containers.set("1", { name: "web", state: "running", health: "starting" });
  await engine.listen();
  const log = logLines();
  lines = log.lines;
  const endpoint = { sockets: ["/nowhere.sock", engine.socket] };
  runtime = createDocker({ endpoint, envPrefixes: ["APP_"] }, log.logger);
});

afterEach(async () => {
  await runtime.close();
  await engine.close();
});

/** Begins to follow, and waits until the first container is fully known. */
async function start(): Promise<void> {
  known = knownOf(runtime);
  await until("the container", () => told()?.restarts === 2);
  await until("the connection", () => runtime.health === "connected");
}

function told(id = "1"): EngineContainer | undefined {
  return known.containers.get(id);
}

async function failed(reason: string): Promise<void> {
  await until(`a failure: ${reason}`, () => (runtime.failures.get(reason) ?? 0) > 0, {
    log: () => JSON.stringify([...runtime.failures]),
  });
}

const INSPECT = "/containers/1/json";

describe("a quiet engine", () => {
  it("tells health, restarts, the mode of its network and the variables that are wanted", async () => {
    await start();
    expect(told()).toMatchObject({
      name: "web",
      health: "starting",
      env: { app_mode: "x" },
      networkMode: "bridge",
    });
  });

  it("is asked for its version once", async () => {
    await start();
    await until("the version", () => runtime.engineVersion === "28.2.2");
    expect(runtime.apiVersion).toBe("1.50");
    expect(engine.asked.toSorted()).toEqual([INSPECT, "/containers/json", "/events", "/version"]);
  });

  it("is followed even if it does not tell its version", async () => {
    engine.oddity = (path, response) => {
      if (path !== "/version") return false;
      response.writeHead(403).end("<html>Forbidden</html>");
      return true;
    };
    await start();
    await failed("http_403");
    expect(runtime.health).toBe("connected");
    expect(runtime.engineVersion).toBeUndefined();
  });
});

describe("events", () => {
  it("have what changed asked for, and nothing else", async () => {
    await start();
    expect(engine.count(INSPECT)).toBe(1);
    engine.containers.set("1", { name: "web", state: "running", health: "healthy" });
    engine.tell("exec_create: sh", "1");
    engine.tell("exec_start: sh", "1");
    engine.tell("health_status: healthy", "1");
    await until("the new health", () => told()?.health === "healthy");
    expect(engine.count(INSPECT)).toBe(2);
    expect(known.actions).toEqual(["health_status"]);
  });

  it("of ten thousand in a burst have a container asked for at most once at a time", async () => {
    await start();
    engine.containers.set("1", { name: "last", state: "running" });
    for (let count = 0; count < 10_000; count++) engine.tell("update", "1");
    engine.tell("rename", "1");
    await until("all of them", () => known.actions.at(-1) === "rename");
    await until("the last name", () => told()?.name === "last");
    expect(engine.mostAtOnce).toBe(1);
    // As many as were answered while the burst was read, not as many as there were events.
    expect(engine.count(INSPECT)).toBeLessThan(5000);
  });

  it("that are no JSON are passed over", async () => {
    await start();
    engine.containers.set("1", { name: "other", state: "running" });
    engine.tellLine('{"Type":"container","Action":"ren');
    engine.tellLine("<html>");
    engine.tell("rename", "1");
    await until("the name", () => told()?.name === "other");
    expect(runtime.failures.get("malformed")).toBe(2);
    expect(runtime.health).toBe("connected");
  });

  it("of a removal win over an answer that comes late", async () => {
    await start();
    let answer = (): void => undefined;
    engine.oddity = (path, response) => {
      if (path !== INSPECT) return false;
      answer = () => void response.end(JSON.stringify({ Id: "1", Name: "/ghost" }));
      return true;
    };
    engine.tell("rename", "1");
    await until("the question", () => engine.count(INSPECT) === 2);
    engine.tell("destroy", "1");
    await until("the removal", () => told() === undefined);
    answer();
    engine.oddity = () => false;
    engine.containers.set("2", { name: "next", state: "running" });
    engine.tell("create", "2");
    await until("what comes after it", () => told("2")?.name === "next");
    expect(told()).toBeUndefined();
  });

  it("that come while the list is on its way are newer than the list", async () => {
    let answer: (() => void) | undefined;
    engine.oddity = (path, response) => {
      if (path !== "/containers/json") return false;
      answer = () => void response.end("[]");
      return true;
    };
    known = knownOf(runtime);
    await until("the question", () => answer);
    engine.tell("create", "1");
    await until("the container", () => told()?.name === "web");
    answer?.();
    await until("the connection", () => runtime.health === "connected");
    expect(told()?.name).toBe("web");
  });

  it("that were cut are caught up with by a list", async () => {
    await start();
    engine.containers.set("2", { name: "missed", state: "running" });
    engine.containers.delete("1");
    engine.cutEvents();
    await until("what was missed", () => told("2")?.name === "missed");
    expect(told()).toBeUndefined();
    expect(runtime.failures.get("ended")).toBe(1);
  });
});

describe("an engine that answers badly", () => {
  const answers: readonly (readonly [
    name: string,
    reason: string,
    status: number,
    body: string,
  ])[] = [
    ["500", "http_500", 500, '{"message":"out of\\norder"}'],
    ["HTML", "malformed", 200, "<html>Welcome</html>"],
    ["half a JSON", "malformed", 200, '[{"Id":"1","Na'],
    ["what is no list", "malformed", 200, '{"Id":"1"}'],
  ];
  it.each(answers)("%s is failing, and followed once it does better", async (...row) => {
    const [, reason, status, body] = row;
    engine.oddity = (path, response) => {
      if (path === "/containers/json") response.writeHead(status).end(body);
      return path === "/containers/json";
    };
    known = knownOf(runtime);
    await failed(reason);
    await until("the state", () => runtime.health === "failing");
    expect(lines.join("\n")).toContain("cannot follow the container engine");
    engine.oddity = () => false;
    await start();
  });

  it("with a redirect is failing, and nobody is asked over there", async () => {
    let others = 0;
    const other = createServer((_request, response) => {
      others++;
      response.end("[]");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    engine.oddity = (path, response) => {
      if (path !== "/containers/json") return false;
      response.writeHead(301, { location: `http://127.0.0.1:${port}/` }).end();
      return true;
    };
    known = knownOf(runtime);
    await failed("redirect");
    expect(others).toBe(0);
    await new Promise((resolve) => other.close(resolve));
  });

  it("of one container leaves the others alone", async () => {
    engine.containers.set("2", { name: "broken", state: "running" });
    engine.oddity = (path, response) => {
      if (path === "/containers/2/json") response.writeHead(500).end("oh");
      return path === "/containers/2/json";
    };
    await start();
    await failed("http_500");
    expect(told("2")).toMatchObject({ name: "broken", state: "running" });
    expect(runtime.health).toBe("connected");
  });

  it("with a list that has no end is given up at a limit", async () => {
    let sent = 0;
    engine.oddity = (path, response) => {
      if (path !== "/containers/json") return false;
      const piece = `${" ".repeat(1_048_575)}\n`;
      const more = (): void => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
      return true;
    };
    known = knownOf(runtime);
    await failed("too_large");
    expect(sent).toBeLessThan(100_000_000);
  });

  it("with entries that are nothing tells the rest", async () => {
    engine.oddity = (path, response) => {
      if (path !== "/containers/json") return false;
      const list = [null, 7, {}, { Id: "", Names: ["/no-id"] }, { Id: "1", Names: null }];
      response.end(JSON.stringify(list));
      return true;
    };
    await start();
    expect([...known.containers.keys()]).toEqual(["1"]);
  });
});

describe("an engine's life", () => {
  it("is followed again after a restart, under another version too", async () => {
    await start();
    await engine.end();
    await until("the end", () => runtime.health !== "connected");
    engine.containers.set("1", { name: "reborn", state: "running" });
    engine.oddity = (path, response) => {
      if (path === "/version") response.end('{"Version":"29.0.0","ApiVersion":"1.52"}');
      return path === "/version";
    };
    await engine.listen();
    await until("the name", () => told()?.name === "reborn");
    await until("the version", () => runtime.engineVersion === "29.0.0");
  });

  it("ends with the runtime: nothing stays open", async () => {
    await start();
    await runtime.close();
    await until("nobody to follow", () => engine.followers === 0);
    engine.tell("rename", "1");
    expect(runtime.health).toBe("connected");
  });

  it("is Podman's if the socket is Podman's", async () => {
    const { logger } = logLines();
    const endpoint = { sockets: [engine.socket] };
    const other = createDocker(
      { endpoint, podmanSockets: [engine.socket], envPrefixes: [] },
      logger,
    );
    knownOf(other);
    await new Promise((resolve) => connect(engine.socket).once("connect", resolve).unref());
    await other.close();
    expect(other.health).toBe("absent");
    expect(engine.asked).toEqual([]);
  });
});
