import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { parseEvent } from "../../../agent/runtimes/docker-api/events.ts";
import {
  parseInspected,
  parseList,
  parseVersion,
} from "../../../agent/runtimes/docker-api/parse.ts";

// Written after the public description of API 1.52, which Docker 29 speaks, for its containerd image
// store: https://docs.docker.com/reference/api/engine/version/v1.52/. Not recorded from an engine.
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
