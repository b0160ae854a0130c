import { rmSync } from "node:fs";
import { createServer } from "node:net";

import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it } from "vitest";

import { CriRuntime } from "../../../../agent/runtimes/cri/cri-runtime.ts";
import type { EngineContainer, EngineEvent } from "../../../../agent/runtimes/runtime.ts";
import { logLines } from "../../../lib/http/log-lines.ts";
import { sleep, until } from "../../../testbed/wait.ts";
import {
  CONTAINER,
  containerMessage,
  containerStatus,
  eventMessage,
  FakeCriServer,
  idOf,
  SANDBOX,
  sandboxMessage,
} from "./fake-cri-server.ts";

const OTHER = idOf("c2");

let server: FakeCriServer;
let runtime: CriRuntime;
let known: Map<string, EngineContainer>;
let events: EngineEvent[];

beforeEach(async () => {
  server = new FakeCriServer();
  await server.listen();
  runtime = new CriRuntime(server.socket, logLines().logger);
  known = new Map();
  events = [];
});

afterEach(async () => {
  await runtime.close();
  server.close();
});

function start(): void {
  runtime.start({
    upsert: (container) => known.set(container.id, { ...known.get(container.id), ...container }),
    remove: (id) => known.delete(id),
    retain(ids) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    },
    cgroupsChanged: () => undefined,
    event: (event) => events.push(event),
  });
}

async function startConnected(): Promise<void> {
  start();
  await until("the connection", () => runtime.health === "connected");
}

function actionsOf(id: string): string[] {
  return events.filter((event) => event.id === id).map(({ action }) => action);
}

it("tells who a pod's containers are", async () => {
  await startConnected();
  expect(known.get(CONTAINER)).toEqual({
    id: CONTAINER,
    runtime: "cri-o",
    name: "k8s_nginx_web-0_shop_4f2b_2",
    image: "docker.io/library/nginx:1.27",
    state: "running",
    restarts: 2,
    createdAt: "2026-11-21T12:00:01.000000001Z",
    startedAt: "2026-11-21T12:00:02.000000000Z",
    labels: {
      "io.kubernetes.pod.name": "web-0",
      "io.kubernetes.pod.namespace": "shop",
      "io.kubernetes.pod.uid": "4f2b",
      "io.kubernetes.container.name": "nginx",
      app: "own",
    },
    network: { isHost: false, addresses: ["10.85.0.7", "fd00::7"], ports: [] },
    networkMode: "pod",
  });
  expect(known.get(SANDBOX)).toMatchObject({
    name: "k8s_POD_web-0_shop_4f2b_1",
    image: "registry.k8s.io/pause:3.10",
    state: "running",
    labels: { "io.kubernetes.cri.container-type": "sandbox", app: "web" },
  });
  expect([runtime.name, runtime.engineVersion, runtime.apiVersion]).toEqual([
    "cri-o",
    "1.31.2",
    "v1",
  ]);
  expect(events).toEqual([]);
});

it("follows events without another call", async () => {
  await startConnected();
  await until("the stream", () => server.listeners === 1);
  const before = server.asked.length;
  server.containers = [containerMessage(CONTAINER, 2)];
  server.tell(eventMessage(CONTAINER, 2, [containerStatus(CONTAINER, 2)]));
  await until("the end", () => known.get(CONTAINER)?.state === "exited");
  expect(events).toEqual([
    {
      id: CONTAINER,
      action: "die",
      name: "k8s_nginx_web-0_shop_4f2b_2",
      image: "docker.io/library/nginx:1.27",
      exitCode: 137,
    },
  ]);
  server.tell(eventMessage(OTHER, 0, [containerStatus(OTHER, 0)]));
  server.tell(eventMessage(OTHER, 1, [containerStatus(OTHER, 1)]));
  await until("the start", () => known.get(OTHER)?.state === "running");
  expect(actionsOf(OTHER)).toEqual(["create", "start"]);
  expect(server.asked.length).toBe(before);
});

it("lists what has gone by an event, once for many", async () => {
  await startConnected();
  await until("the stream", () => server.listeners === 1);
  const before = server.count("ListContainers");
  server.containers = [];
  for (let times = 0; times < 1000; times++) server.tell(eventMessage(CONTAINER, 3));
  await until("the removal", () => !known.has(CONTAINER));
  expect(actionsOf(CONTAINER)).toEqual(["die", "destroy"]);
  expect(server.count("ListContainers") - before).toBeLessThan(5);
});

it.each([
  ["whose events are off", "1.31.2", "cri-o"],
  ["that gives each event to one client only", "1.7.22", "containerd"],
])("lists a server %s when a cgroup has come", async (_what, version, name) => {
  server.hasEvents = false;
  server.version = { runtime_name: name, runtime_version: version, runtime_api_version: "v1" };
  await startConnected();
  expect(server.count("GetContainerEvents")).toBe(name === "cri-o" ? 1 : 0);
  server.containers.push(containerMessage(OTHER));
  runtime.cgroupChanged();
  await until("the container", () => known.get(OTHER)?.startedAt);
  expect(actionsOf(OTHER)).toEqual(["create", "start"]);
  expect(server.count("ContainerStatus")).toBe(2);
  expect(runtime.name).toBe(name);
  expect(runtime.health).toBe("connected");
});

it("lists a server that does not know the stream", async () => {
  server.wrong.set("GetContainerEvents", grpc.status.UNIMPLEMENTED);
  await startConnected();
  server.sandboxes.push(sandboxMessage(idOf("a2"), "db-0"));
  runtime.cgroupChanged();
  await until("the pod", () => known.has(idOf("a2")));
  expect(runtime.health).toBe("connected");
});

it("is absent without a socket, and beside a server without CRI", async () => {
  rmSync(server.socket);
  server.wrong.set("Version", grpc.status.UNIMPLEMENTED);
  start();
  expect(runtime.health).toBe("absent");
  server.die();
  await server.listen();
  await until("the question", () => server.count("Version") === 1);
  expect(runtime.health).toBe("absent");
  expect([...runtime.failures]).toEqual([]);
});

it("finds the server again after it died", async () => {
  await startConnected();
  server.die();
  await until("the failure", () => runtime.health === "failing");
  server.containers = [];
  await server.listen();
  await until("the connection", () => runtime.health === "connected");
  expect([...known.keys()]).toEqual([SANDBOX]);
  expect(actionsOf(CONTAINER)).toEqual(["die", "destroy"]);
});

it("fails, and goes on trying, where something else listens", async () => {
  const web = createServer((socket) => {
    socket.on("error", () => undefined);
    // Otherwise it does not see that it has been left.
    socket.resume();
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>");
  });
  const path = `${server.socket}.web`;
  await new Promise<void>((resolve) => web.listen(path, resolve));
  runtime = new CriRuntime(path, logLines().logger);
  start();
  await until("two failures", () => (runtime.failures.get("unavailable") ?? 0) > 1);
  expect(runtime.health).toBe("failing");
  await runtime.close();
  await new Promise((resolve) => web.close(resolve));
});

it("says in a word why it fails", async () => {
  server.wrong.set("ListContainers", "garbage");
  start();
  await until("the failure", () => runtime.failures.get("malformed"));
  expect(runtime.health).toBe("failing");
  server.wrong.set("ListContainers", grpc.status.PERMISSION_DENIED);
  await until("another", () => runtime.failures.get("permission_denied"));
  server.wrong.clear();
  await until("the connection", () => runtime.health === "connected");
});

it("one status that fails does not hurt the others", async () => {
  server.containers.push(containerMessage(OTHER));
  server.wrong.set("ContainerStatus", grpc.status.INTERNAL);
  await startConnected();
  expect(known.get(OTHER)).toMatchObject({ image: "0".repeat(64) });
  expect(known.get(OTHER)?.startedAt).toBeUndefined();
  expect(runtime.failures.get("internal")).toBe(2);
  server.wrong.clear();
  runtime.cgroupChanged();
  await until("the start", () => known.get(OTHER)?.startedAt && known.get(CONTAINER)?.startedAt);
});

it("makes no call while nothing happens", async () => {
  await startConnected();
  await until("the stream", () => server.listeners === 1);
  const before = server.asked.length;
  await sleep(1500);
  expect(server.asked.length).toBe(before);
  expect(server.count("ListContainers")).toBe(1);
});

it("closes while a call hangs", async () => {
  server.wrong.set("ListPodSandbox", "hangs");
  start();
  await until("the call", () => server.count("ListPodSandbox") === 1);
  await runtime.close();
  expect(runtime.failures.size).toBe(0);
});
