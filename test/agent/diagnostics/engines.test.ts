import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { enginePlaces } from "../../../agent/diagnostics/engine-places.ts";
import { type Found, judgeAnswer, probeEngine } from "../../../agent/diagnostics/engine-probe.ts";
import type { EnginePlace } from "../../../agent/diagnostics/scene.ts";
import { dockerEndpoint } from "../../../agent/runtimes/docker/docker-address.ts";
import { podmanEndpoint } from "../../../agent/runtimes/podman/podman-address.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { found, sceneOf } from "./scene-of.ts";

/** What Docker 27 answers to `GET /version`, cut. https://docs.docker.com/reference/api/engine/version/v1.47/ */
const VERSION = JSON.stringify({ Version: "27.0.1", ApiVersion: "1.46", Os: "linux" });

let folder: string;
let socket: string;
const servers: Server[] = [];
const connections: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-engine-"));
  socket = join(folder, "engine.sock");
});

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

function listen(server: Server): Promise<void> {
  servers.push(server);
  server.on("connection", (connection: Socket) => connections.push(connection));
  return new Promise((resolve) => server.listen(socket, resolve));
}

function place(more: Partial<EnginePlace> = {}): EnginePlace {
  return {
    name: "docker",
    setting: "docker.host",
    endpoint: { sockets: [socket] },
    speaks: "http",
    isDefault: false,
    ...more,
  };
}

const probe = (more: Partial<EnginePlace> = {}, patienceMs = 5000): Promise<Found> =>
  probeEngine(place(more), patienceMs);

describe("an engine", () => {
  it("answers, and is asked for nothing but its version", async () => {
    const asked: string[] = [];
    await listen(
      createHttp((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.end(VERSION);
      }),
    );
    expect(await probe()).toEqual({ is: "reachable", version: "27.0.1" });
    expect(asked).toEqual(["GET /version"]);
  });

  it("is not there", async () => {
    expect(await probe()).toMatchObject({ is: "absent" });
  });

  it("has ended and left its socket behind", async () => {
    writeFileSync(socket, "");
    expect(await probe()).toMatchObject({ is: "closed" });
  });

  it("takes the connection and never answers", async () => {
    await listen(createServer());
    expect(await probe({}, 50)).toMatchObject({ is: "silent" });
    expect(await probe({ speaks: "grpc" }, 50)).toMatchObject({ is: "silent" });
  });

  it("is none: it answers something else, or hangs up", async () => {
    await listen(createHttp((_request, response) => response.end("<html>hello</html>")));
    expect(await probe()).toMatchObject({ is: "not-engine" });
  });

  it("is none: it does not speak HTTP", async () => {
    await listen(createServer((connection) => connection.end("SSH-2.0-x\r\n")));
    expect(await probe()).toMatchObject({ is: "not-engine" });
    expect(await probe({ speaks: "grpc" })).toMatchObject({ is: "not-engine" });
  });

  it("speaks gRPC", async () => {
    const server = createHttp2();
    await listen(server);
    expect(await probe({ speaks: "grpc" })).toEqual({ is: "reachable", version: undefined });
  });

  it("wants TLS, or is a proxy that refuses", () => {
    const refusal = "Client sent an HTTP request to an HTTPS server.\n";
    expect(judgeAnswer(400, refusal)).toMatchObject({ is: "tls" });
    expect(judgeAnswer(403, "")).toMatchObject({ is: "refused" });
    expect(judgeAnswer(200, '{"Version": 3')).toMatchObject({ is: "not-engine" });
    expect(judgeAnswer(200, "[]")).toMatchObject({ is: "not-engine" });
  });

  it("can't be reached, and the password in its address is told to nobody", async () => {
    using kernel = new FakeKernel("empty-v2");
    const endpoint = { origin: "http://user:secret@127.0.0.1:1" };
    const engines = [place({ endpoint })];
    const finding = await found(sceneOf(kernel, { engines }), "engine.docker");
    expect(finding?.status).toBe("missing");
    expect(JSON.stringify(finding)).not.toContain("secret");
  });

  it("is missed only if somebody said that there is one", async () => {
    using kernel = new FakeKernel("empty-v2");
    const told = await found(sceneOf(kernel, { engines: [place()] }), "engine.docker");
    expect(told).toMatchObject({ status: "missing" });
    expect(told?.remedy).toContain("--docker-host");
    const engines = [place({ isDefault: true })];
    expect(await found(sceneOf(kernel, { engines }), "engine.docker")).toMatchObject({
      status: "note",
    });
  });

  it("is another's if the socket is: Docker is not there where Podman has its socket", async () => {
    await listen(createHttp((_request, response) => response.end(VERSION)));
    expect(await probe({ others: [socket] })).toMatchObject({ is: "absent" });
    expect(await probe({ others: [join(folder, "other.sock")] })).toMatchObject({
      is: "reachable",
    });
  });

  it("answers, but can't be followed", async () => {
    await listen(createHttp((_request, response) => response.end(VERSION)));
    using kernel = new FakeKernel("empty-v2");
    const engines = [place({ health: () => "failing" })];
    const finding = await found(sceneOf(kernel, { engines }), "engine.docker");
    expect(finding?.what).toContain("(27.0.1), but its events can't be followed");
  });
});

describe("the places of engines", () => {
  const docker = { host: undefined, tls: false, ca: undefined, cert: undefined, key: undefined };
  const nothing = { docker, podmanHost: undefined, criEndpoints: [], envPrefixes: [] };

  it("are the usual ones", () => {
    const places = enginePlaces({ ...nothing, environment: {} });
    expect(places.map(({ name }) => name)).toEqual(["docker", "podman", "containerd", "cri-o"]);
    expect(places.every(({ isDefault }) => isDefault)).toBe(true);
  });

  it("are those at which the agent looks, the user's own sockets too", () => {
    const environment = { XDG_RUNTIME_DIR: "/run/user/7" };
    const [docker_, podman] = enginePlaces({ ...nothing, environment });
    expect(docker_).toMatchObject({
      endpoint: dockerEndpoint(docker, environment),
      others: ["/run/podman/podman.sock", "/run/user/7/podman/podman.sock"],
    });
    expect(docker_?.endpoint).toEqual({
      sockets: ["/var/run/docker.sock", "/run/user/7/docker.sock"],
    });
    expect(podman?.endpoint).toEqual(podmanEndpoint(undefined, environment));
  });

  it("are those that were told", () => {
    const places = enginePlaces({
      ...nothing,
      criEndpoints: ["none"],
      environment: { DOCKER_HOST: "unix:///run/other.sock" },
    });
    expect(places.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ["docker", false],
      ["podman", true],
    ]);
  });
});
