import { afterEach, beforeEach, expect, it } from "vitest";

import type { EngineClient } from "../../../agent/runtimes/docker-api/engine-client.ts";
import { podmanEndpoint } from "../../../agent/runtimes/podman/podman-address.ts";
import { parsePods, PodmanPods } from "../../../agent/runtimes/podman/podman-pods.ts";
import { createPodman } from "../../../agent/runtimes/podman/podman.ts";
import type { EngineContainer, Runtime } from "../../../agent/runtimes/runtime.ts";
import { knownOf } from "../../known-containers.ts";
import { logLines } from "../../lib/http/log-lines.ts";
import { until } from "../../testbed/wait.ts";
import { FakeEngine } from "./fake-engine.ts";

let engine: FakeEngine;
let runtime: Runtime;

beforeEach(async () => {
  engine = new FakeEngine();
  engine.containers.set("1", { name: "web", state: "stopped" });
  await engine.listen();
  const endpoint = { sockets: [engine.socket] };
  runtime = createPodman({ endpoint, envPrefixes: [] }, logLines().logger);
});

afterEach(async () => {
  await runtime.close();
  await engine.close();
});

const PODS = "/v28.2.2/libpod/containers/json";

it("asks once for the pod of each container, and tells it", async () => {
  engine.oddity = (path, response) => {
    if (path !== PODS) return false;
    response.end('[{"Id":"1","PodName":"pair"},{"Id":"9","PodName":"other"},{"Id":3},null]');
    return true;
  };
  const known = knownOf(runtime);
  await until("the container", () => known.containers.get("1")?.restarts === 2);
  expect(known.containers.get("1")).toMatchObject({ pod: "pair", state: "exited" });
  engine.tell("died", "1");
  await until("the question", () => engine.count("/containers/1/json") === 2);
  expect(engine.count(PODS)).toBe(1);
});

it("asks again for the pod of a container that an answer does not have yet", async () => {
  let asked = 0;
  engine.oddity = (path, response) => {
    if (path !== PODS) return false;
    asked += 1;
    response.end(asked === 1 ? "[]" : '[{"Id":"1","PodName":"pair"}]');
    return true;
  };
  const known = knownOf(runtime);
  await until("the pod", () => known.containers.get("1")?.pod === "pair");
});

it("waits for a pod that has been asked for already", async () => {
  const answers: (() => void)[] = [];
  const client = {
    ask: () =>
      new Promise((resolve) => answers.push(() => resolve([{ Id: "1", PodName: "pair" }]))),
  } as unknown as EngineClient;
  const pods = new PodmanPods(client, undefined);
  const first = pods.learn(["1"]);
  let isLearnt = false;
  const second = pods.learn(["1"]).then(() => (isLearnt = true));
  await Promise.resolve();
  expect(isLearnt).toBe(false);
  for (const answer of answers) answer();
  await Promise.all([first, second]);
  expect(answers).toHaveLength(1);
  expect(pods.complete({ id: "1" } as EngineContainer).pod).toBe("pair");
});

it("does without pods where it is not told any", async () => {
  const known = knownOf(runtime);
  await until("the container", () => known.containers.get("1")?.restarts === 2);
  await until("the connection", () => runtime.health === "connected");
  expect(known.containers.get("1")).not.toHaveProperty("pod");
  expect(runtime.failures.get("http_404")).toBe(1);
});

it("takes a container that is just being removed for gone, which is no failure", async () => {
  const known = knownOf(runtime);
  await until("the connection", () => runtime.health === "connected");
  const before = engine.count("/containers/1/json");
  engine.oddity = (path, response) => {
    if (path !== "/containers/1/json") return false;
    response.statusCode = 500;
    response.end('{"message":"container 1 does not exist in database: no such container"}');
    return true;
  };
  engine.tell("died", "1");
  await until("the question", () => engine.count("/containers/1/json") > before);
  engine.tell("remove", "1");
  await until("its end", () => known.containers.size === 0);
  expect(runtime.failures.has("http_500")).toBe(false);
});

it("takes Podman's words for what happens", async () => {
  const known = knownOf(runtime);
  await until("the connection", () => runtime.health === "connected");
  engine.tell("died", "1");
  engine.tell("remove", "1");
  await until("both", () => known.actions.join() === "die,destroy");
  expect(known.containers.size).toBe(0);
});

it("follows an engine that answers for events with the first event only", async () => {
  engine.oddity = (path) => path === "/events";
  const known = knownOf(runtime);
  await until("the connection", () => runtime.health === "connected");
  expect(known.containers.size).toBe(1);
});

it("reads no pods in what is no list", () => {
  expect(parsePods({ cause: "no" }).size).toBe(0);
  expect(parsePods([{ Id: "1", PodName: "" }]).get("1")).toBe("");
});

it("is looked for where it was set, where CONTAINER_HOST says, and where it usually is", () => {
  const env = { CONTAINER_HOST: "unix:///env.sock", XDG_RUNTIME_DIR: "/run/user/7/" };
  expect(podmanEndpoint("/set.sock", env)).toEqual({ sockets: ["/set.sock"] });
  expect(podmanEndpoint(undefined, env)).toEqual({ sockets: ["/env.sock"] });
  expect(podmanEndpoint(undefined, { ...env, CONTAINER_HOST: "" })).toEqual({
    sockets: ["/run/podman/podman.sock", "/run/user/7/podman/podman.sock"],
  });
  expect(podmanEndpoint(undefined, {})).toEqual({ sockets: ["/run/podman/podman.sock"] });
  expect(() => podmanEndpoint(undefined, { CONTAINER_HOST: "ssh://a" })).toThrow("CONTAINER_HOST");
});
