import { expect, it } from "vitest";

import { engineIdOf } from "../../../../agent/cgroup/engine-id.ts";
import {
  checkCriEndpoints,
  CRI_SOCKETS,
  parseCriEndpoints,
} from "../../../../agent/runtimes/cri/endpoint.ts";
import { isBroadcasting } from "../../../../agent/runtimes/cri/events.ts";
import {
  parseAll,
  parseContainer,
  parseCriEvent,
  parseSandbox,
  parseSandboxStatus,
  podContainer,
  timeOf,
} from "../../../../agent/runtimes/cri/parse.ts";
import { isSandbox } from "../../../../wire/groups.ts";
import { containerMessage, idOf, sandboxMessage, sandboxStatus } from "./fake-cri-server.ts";

it("writes nanoseconds as a time, and none for never", () => {
  expect(timeOf("1795262400000000001")).toBe("2026-11-21T12:00:00.000000001Z");
  for (const never of ["0", "", "-62135596800000000000", "x", undefined, 5]) {
    expect(timeOf(never)).toBeUndefined();
  }
});

it.each([
  [{ image: "docker.io/library/nginx:1" }, "", "docker.io/library/nginx:1"],
  [{ image: `sha256:${idOf("1")}`, user_specified_image: "nginx" }, "", "nginx"],
  [{ image: idOf("1") }, `nginx@sha256:${idOf("2")}`, `nginx@sha256:${idOf("2")}`],
  [{ image: `sha256:${idOf("1")}` }, "", `sha256:${idOf("1")}`],
  [null, "", ""],
])("finds the image that a person knows in %j %s", (image, ref, expected) => {
  const message = { ...containerMessage(), image, image_ref: ref };
  expect(parseContainer(message)?.image).toBe(expected);
});

it("drops entries that say nothing, and keeps the others", () => {
  const found = parseAll([null, {}, { id: "" }, 7, "x", containerMessage()], parseContainer);
  expect(found).toHaveLength(1);
  expect(parseAll("none", parseContainer)).toEqual([]);
  expect(parseContainer({ id: "1", state: 9, labels: { a: 1 }, metadata: null })).toMatchObject({
    state: "unknown",
    labels: { a: "" },
    restarts: 0,
  });
  expect(parseCriEvent({})).toBeUndefined();
});

it("knows a network of the machine's own from a pod's", () => {
  const host = {
    ...sandboxStatus(),
    network: { ip: "" },
    linux: { namespaces: { options: { network: 2 } } },
  };
  const container = parseContainer(containerMessage())!;
  expect(podContainer(container, parseSandbox(host), "cri-o")).toMatchObject({
    networkMode: "host",
    network: { isHost: true, addresses: [] },
  });
  // A list does not tell.
  expect(podContainer(container, parseSandbox(sandboxMessage()), "cri-o").network).toBeUndefined();
});

it("leaves no container without a name", () => {
  const { metadata: _, ...message } = containerMessage(idOf("c1"));
  const container = parseContainer(message)!;
  expect(podContainer(container, undefined, "cri-o").name).toBe("000000000000");
  expect(podContainer(parseContainer(containerMessage())!, undefined, "cri-o").name).toBe("nginx");
});

it("takes a sandbox whose details are no JSON", () => {
  const status = sandboxStatus();
  expect(parseSandboxStatus({ status, info: { info: "{" } })?.image).toBeUndefined();
  expect(parseSandboxStatus({ status, info: null })?.name).toBe("web-0");
});

it("counts no sandbox as a container", () => {
  expect(isSandbox({ "io.kubernetes.cri.container-type": "sandbox" })).toBe(true);
  expect(isSandbox({ "io.kubernetes.docker.type": "podsandbox" })).toBe(true);
  expect(isSandbox({ "io.kubernetes.docker.type": "container" })).toBe(false);
});

it.each([
  ["containerd", "1.6.20~ds1", false],
  ["containerd", "v1.7.22", false],
  ["containerd", "v2.0.0", true],
  ["containerd", "2.1.4-1", true],
  ["cri-o", "1.27.9", false],
  ["cri-o", "1.28.0", true],
  ["cri-o", "2.0.0", true],
  ["docker", "28.0.0", false],
  ["containerd", "", false],
])("knows whether the events of %s %s are for everyone: %s", (name, version, expected) => {
  expect(isBroadcasting(name, version)).toBe(expected);
});

it("reads endpoints as sockets", () => {
  expect(parseCriEndpoints("cri.endpoint", [])).toEqual(CRI_SOCKETS);
  expect(parseCriEndpoints("cri.endpoint", ["unix:///a b.sock", "/c.sock", "/c.sock"])).toEqual([
    "/a b.sock",
    "/c.sock",
  ]);
  expect(parseCriEndpoints("cri.endpoint", ["none"])).toEqual([]);
  expect(checkCriEndpoints(["tcp://127.0.0.1:1"])).toMatch(/must be sockets/);
  expect(() => parseCriEndpoints("cri.endpoint", ["relative"])).toThrow(/cri\.endpoint/);
});

const ID = idOf("abc");

it.each([
  [`/kubepods/burstable/pod4f2b/${ID}`, ID],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod4f2b.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  [`/kubepods.slice/kubepods-pod4f2b.slice/crio-${ID}.scope`, ID],
  [`/kubepods.slice/kubepods-pod4f2b.slice/crio-conmon-${ID}.scope`, undefined],
  [`/kubepods/burstable/pod4f2b/crio-${ID}`, ID],
  [`/kubepods/burstable/pod4f2b/crio-conmon-${ID}`, undefined],
  [`/system.slice/containerd.service/kubepods-burstable-pod4f2b.slice:cri-containerd:${ID}`, ID],
  ["/kubepods/burstable/pod4f2b", undefined],
])("finds the container of %s", (cgroup, id) => {
  expect(engineIdOf(cgroup)).toBe(id);
});
