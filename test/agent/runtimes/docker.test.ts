import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { DockerRuntime } from "../../../agent/runtimes/docker/docker.ts";
import type { EngineContainer } from "../../../agent/runtimes/runtime.ts";
import { logLines } from "../../lib/http/log-lines.ts";
import { until } from "../../testbed/wait.ts";

let folder: string;
let server: Server;
let asked: string[];
let events: ServerResponse;
let health: string;
let hasVersion: boolean;
let runtime: DockerRuntime;
let known: Map<string, EngineContainer>;

/** What an engine answers that has one container. */
function answerOf(path: string): unknown {
  if (path === "/version") return { Version: "28.2.2" };
  if (path === "/containers/json") return [{ Id: "1", Names: ["/web"], State: "running" }];
  return {
    Id: "1",
    Name: "/web",
    Created: "2026-11-21T06:14:45Z",
    State: { Status: "running", Health: { Status: health } },
    RestartCount: 2,
    Config: { Image: "nginx", Env: ["APP_MODE=x", "SECRET=y"] },
  };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-docker-"));
  asked = [];
  known = new Map();
  health = "starting";
  hasVersion = true;
  server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/\?.*/, "");
    asked.push(path);
    if (path === "/events") {
      events = response.writeHead(200);
      response.flushHeaders();
      return;
    }
    const isMissing = path === "/version" && !hasVersion;
    response.writeHead(isMissing ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(isMissing ? { message: "none" } : answerOf(path)));
  });
  const socket = join(folder, "docker.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const endpoint = { options: { socketPath: socket }, socket };
  runtime = new DockerRuntime(endpoint, logLines().logger, ["APP_"]);
});

afterEach(async () => {
  await runtime.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function start(): void {
  runtime.start({
    upsert: (container) => known.set(container.id, { ...known.get(container.id), ...container }),
    remove: (id) => known.delete(id),
    retain: () => {},
    cgroupsChanged: () => {},
  });
}

it("tells health, restarts and the variables that are wanted", async () => {
  start();
  await until("the container", () => known.get("1")?.restarts === 2);
  expect(known.get("1")).toMatchObject({ health: "starting", env: { app_mode: "x" } });
  expect(runtime.health).toBe("connected");
});

it("asks for the version once", async () => {
  start();
  await until("the version", () => runtime.engineVersion === "28.2.2");
  expect(asked.filter((path) => path === "/version")).toHaveLength(1);
});

it("follows an engine that does not tell its version", async () => {
  hasVersion = false;
  start();
  await until("the container", () => known.get("1")?.restarts === 2);
  await until("the failure", () => runtime.failures.get("http_404") === 1);
  expect(runtime.health).toBe("connected");
  expect(runtime.engineVersion).toBeUndefined();
});

it("hears of a change of health, and asks only then", async () => {
  start();
  await until("the container", () => known.get("1")?.health === "starting");
  const inspections = (): number => asked.filter((path) => path === "/containers/1/json").length;
  expect(inspections()).toBe(1);
  health = "healthy";
  events.write('{"Type":"container","Action":"health_status: healthy","Actor":{"ID":"1"}}\n');
  await until("the new health", () => known.get("1")?.health === "healthy");
  expect(inspections()).toBe(2);
});
