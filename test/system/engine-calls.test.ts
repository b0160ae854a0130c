import { readFileSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";

import { createDocker } from "../../agent/runtimes/docker/docker.ts";
import { createPodman } from "../../agent/runtimes/podman/podman.ts";
import type { Runtime } from "../../agent/runtimes/runtime.ts";
import { type KnownContainers, knownOf } from "../known-containers.ts";
import { logLines } from "../lib/http/log-lines.ts";
import { describeWith } from "../testbed/describe-with.ts";
import { type RecordingProxy, startRecordingProxy } from "../testbed/recording-proxy.ts";
import { sleep, until } from "../testbed/wait.ts";
import {
  type DockerApiUnderTest,
  dockerUnderTest,
  podmanUnderTest,
} from "./docker-api-under-test.ts";

/** The calls that the page promises to be all there are. */
const promised = readFileSync(new URL("../../docs/engines.md", import.meta.url), "utf8")
  .split("\n")
  .flatMap((line) => /^\| (GET) +\| `([^`]+)` +\|/.exec(line)?.slice(1, 3).join(" ") ?? [])
  .map((call) => {
    const pattern = call.replaceAll(/[.]/g, "\\.").replace("v*", "v[\\d.]+");
    return new RegExp(`^${pattern.replace("{id}", "[0-9a-f]{64}")}$`);
  });

const isPromised = (call: string): boolean => promised.some((pattern) => pattern.test(call));

const engines = [
  {
    name: "Docker",
    part: "docker",
    open: dockerUnderTest,
    follow: (socket: string) =>
      createDocker({ endpoint: { sockets: [socket] }, envPrefixes: [] }, logLines().logger),
  },
  {
    name: "Podman",
    part: "podman",
    open: podmanUnderTest,
    follow: (socket: string) =>
      createPodman({ endpoint: { sockets: [socket] }, envPrefixes: [] }, logLines().logger),
  },
] as const;

test("the page lists the calls", () => {
  expect(promised.length).toBe(5);
});

for (const { name, part, open, follow } of engines) {
  describeWith([part], `${name} behind a proxy that only reads`, () => {
    let engine: DockerApiUnderTest;
    let proxy: RecordingProxy;
    let runtime: Runtime;
    let known: KnownContainers;
    let id: string;

    beforeAll(async () => {
      engine = await open(follow);
      proxy = await startRecordingProxy(engine.socket, isPromised);
      id = await engine.run({ name: "first" });
      runtime = follow(proxy.socket);
      known = knownOf(runtime);
      await until("the container", () => known.containers.get(id)?.startedAt);
      await until("the connection", () => runtime.health === "connected");
      await until("the version", () => runtime.engineVersion);
    });

    afterAll(async () => {
      await runtime?.close();
      await proxy?.close();
      await engine?.close();
    });

    test("makes the promised calls and no others, and knows all", async () => {
      await engine.rename?.(id, "renamed");
      await until("the name", () => known.containers.get(id)?.name === "renamed");
      await engine.restart?.(id);
      const second = await engine.run({ name: "second" });
      await until("the other", () => known.containers.get(second)?.startedAt);
      await engine.remove(second);
      await until("its end", () => !known.containers.has(second));
      expect(proxy.refused()).toEqual([]);
      expect(proxy.calls().filter((call) => !isPromised(call))).toEqual([]);
      const events = proxy.calls().filter((call) => call === "GET /events");
      expect(events).toHaveLength(1);
      expect(Object.fromEntries(runtime.failures)).toEqual({});
    });

    test("makes no call but one list a minute while nothing changes", async () => {
      // Whatever the last test has set going.
      await until("quiet", async () => {
        proxy.forget();
        await sleep(2000);
        return proxy.calls().length === 0;
      });
      const lists = (): number =>
        proxy.calls().filter((call) => call === "GET /containers/json").length;
      await until("the list of the minute", () => lists() === 1, { timeoutMs: 90_000 });
      await sleep(3000);
      // The first list since a container changed asks for that one again.
      const others = proxy.calls().filter((call) => call !== "GET /containers/json");
      expect(others.filter((call) => call !== `GET /containers/${id}/json`)).toEqual([]);
      expect(others.length).toBeLessThanOrEqual(1);
      expect(Object.fromEntries(runtime.failures)).toEqual({});
    }, 150_000);
  });

  describeWith([part], `${name} behind a proxy that refuses its version`, () => {
    test("is followed all the same", async () => {
      const engine = await open(follow);
      const only = (call: string): boolean => isPromised(call) && !/version|libpod/.test(call);
      const proxy = await startRecordingProxy(engine.socket, only);
      const runtime = follow(proxy.socket);
      try {
        const known = knownOf(runtime);
        await until("the connection", () => runtime.health === "connected");
        const id = await engine.run({ name: "one" });
        await until("the container", () => known.containers.get(id)?.startedAt);
        expect(runtime.failures.get("http_403")).toBeGreaterThan(0);
        expect(runtime.engineVersion).toBeUndefined();
      } finally {
        await runtime.close();
        await proxy.close();
        await engine.close();
      }
    });
  });
}
