import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { parseEvent } from "../../../agent/runtimes/docker-api/events.ts";
import {
  parseInspected,
  parseList,
  parseVersion,
} from "../../../agent/runtimes/docker-api/parse.ts";

// Not recorded from an engine: made field by field after the definitions ContainerSummary,
// ContainerInspectResponse, EndpointSettings, EventMessage and SystemVersion of API 1.52, which Docker 29
// speaks, with the values of their examples where they have some, and for the containerd image store
// (Storage in the place of GraphDriver). https://github.com/moby/moby/blob/master/api/docs/v1.52.yaml, and
// CHANGELOG.md beside it for what 1.52 leaves out: `status`, `id` and `from` of events, and the addresses
// outside of Networks.
const documented: Record<"list" | "inspect" | "event" | "version", unknown> = JSON.parse(
  readFileSync(new URL("docker-29-documented.json", import.meta.url), "utf8"),
);

const ID = "aa86eacfb3b3ed4cd362c1e88fc89a53908ad05fb3a4103bca3f9b28292d14bf";

it("reads Docker 29's list", () => {
  expect(parseList(documented.list)).toEqual([
    {
      id: ID,
      name: "funny_chatelet",
      image: "docker.io/library/nginx:1.29",
      labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
      state: "running",
      health: "healthy",
      networkMode: "mynetwork",
      network: { isHost: false, addresses: ["172.17.0.4", "2001:db8::5689"], ports: [80] },
    },
    {
      id: "5b7c7e2b992aa426584ce6c47452756066be0e503a08b4516a433a54d2f69e59",
      name: "plain",
      image: "ubuntu:latest",
      labels: {},
      state: "exited",
      networkMode: "none",
      network: { isHost: false, addresses: [], ports: [] },
    },
  ]);
});

it("reads Docker 29's container, which has no fields of the old image store", () => {
  expect(parseInspected(documented.inspect, ["TIER"])).toEqual({
    id: ID,
    name: "funny_chatelet",
    image: "docker.io/library/nginx:1.29",
    labels: { "com.docker.compose.project": "shop" },
    state: "running",
    createdAt: "2025-11-11T06:34:08.120911122Z",
    startedAt: "2025-11-11T06:34:08.480128841Z",
    health: "healthy",
    restarts: 1,
    env: { tier: "front" },
    networkMode: "mynetwork",
    network: { isHost: false, addresses: ["172.17.0.4", "2001:db8::5689"], ports: [80] },
  });
});

it("reads Docker 29's events, which have no status, id and from of their own", () => {
  expect(parseEvent(JSON.stringify(documented.event))).toEqual({
    action: "health_status",
    id: ID,
    name: "funny_chatelet",
    image: "docker.io/library/nginx:1.29",
    labels: {},
    health: "healthy",
  });
});

it("reads Docker 29's version", () => {
  expect(parseVersion(documented.version)).toEqual({ engine: "29.0.0", api: "1.52" });
});
