import type { FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { kubernetes } from "../../../../aggregator/api/kubernetes/routes.ts";
import { Cluster } from "../../../../aggregator/model/cluster.ts";
import { SeriesStore } from "../../../../aggregator/scrape/series/series-store.ts";
import type { Verdict } from "../../../../lib/http/security.ts";
import { createHttpServer } from "../../../../lib/http/server.ts";
import { logLines } from "../../../lib/http/log-lines.ts";
import type { FakeNode } from "../../fakes/agent.ts";
import { passAll, shopContainer, twoNodes, use } from "../../fakes/fleet.ts";
import { noEvents } from "../../fakes/no-events.ts";

const METRICS = "/apis/metrics.k8s.io/v1beta1";
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io, application/json";

let nodes: [FakeNode, FakeNode];
let app: FastifyInstance;
let now = 0;
let verdict: Verdict = "allowed";

/** Half a minute of two nodes; web-3 was seen only once, and is not measured yet. */
beforeAll(async () => {
  const cluster = new Cluster();
  nodes = twoNodes();
  await passAll(nodes, 29, cluster);
  nodes[0].add(shopContainer("web-3", "web"), use(0.75, 500));
  await passAll(nodes, 1, cluster);
  const about = { title: "Aggregator", description: "With two nodes.", version: "1.2.3" };
  const authorize = (): Promise<Verdict> => Promise.resolve(verdict);
  app = await createHttpServer({ ...about, logger: logLines().logger, authorize });
  await kubernetes(app, {
    clusterName: "lab",
    sinks: () => [],
    cluster,
    events: noEvents,
    history: undefined,
    series: new SeriesStore(1e6),
    jobs: () => [],
    targets: () => [],
    registry: new Registry(),
    clock: { now: () => now, monotonic: () => now },
    pageDirectory: "none",
  });
});
beforeEach(() => {
  now = nodes[1].time;
  verdict = "allowed";
});
afterAll(async () => {
  await app.close();
});

async function get<T>(url: string, accept = "application/json, */*"): Promise<T> {
  const answer = await app.inject({ url, headers: { accept } });
  expect(answer.statusCode, answer.body).toBe(200);
  expect(answer.headers["content-type"]).toContain("application/json");
  return answer.json<T>();
}

interface List {
  readonly kind: string;
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

async function namesAt(url: string): Promise<string[]> {
  return (await get<List>(url)).items.map(({ metadata }) => metadata.name);
}

const time = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

describe("metrics.k8s.io", () => {
  test("has what each node uses over the last fifteen seconds", async () => {
    expect(await get(`${METRICS}/nodes`)).toEqual({
      kind: "NodeMetricsList",
      apiVersion: "metrics.k8s.io/v1beta1",
      metadata: {},
      items: ["n1", "n2"].map((name, index) => ({
        metadata: {
          name,
          creationTimestamp: time(now),
          labels: { "kubernetes.io/hostname": name },
        },
        timestamp: time(nodes[index]!.time),
        window: "15s",
        usage: [
          { cpu: "1500m", memory: "5000" },
          { cpu: "1750m", memory: "9000" },
        ][index],
      })),
    });
  });

  test("has every measured container of every pod", async () => {
    expect(await namesAt(`${METRICS}/pods`)).toEqual(["api", "db-1", "web-1", "web-2"]);
    expect(await get(`${METRICS}/namespaces/shop/pods/web-1`)).toEqual({
      kind: "PodMetrics",
      apiVersion: "metrics.k8s.io/v1beta1",
      metadata: {
        name: "web-1",
        namespace: "shop",
        creationTimestamp: time(now),
        labels: { team: "shop", own: "web-1" },
      },
      timestamp: time(nodes[0].time),
      window: "15s",
      containers: [{ name: "web", usage: { cpu: "500m", memory: String(1000 + (30 % 7) * 10) } }],
    });
  });

  test("chooses by namespace, labels and fields, and takes the rest", async () => {
    expect(
      await namesAt(`${METRICS}/namespaces/shop/pods?labelSelector=own%20in%20(db-1)`),
    ).toEqual(["db-1"]);
    const url = `${METRICS}/pods?limit=1&timeout=32s&resourceVersion=0&fieldSelector=`;
    expect(await namesAt(`${url}metadata.namespace%3Ddefault`)).toEqual(["api"]);
    expect(await namesAt(`${METRICS}/namespaces/none/pods`)).toEqual([]);
  });

  test("is a table for those who want one", async () => {
    expect(await get(`${METRICS}/nodes/n2`, TABLE)).toMatchObject({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      columnDefinitions: [
        { name: "Name" },
        { name: "cpu" },
        { name: "memory" },
        { name: "Window" },
      ],
      rows: [
        {
          cells: ["n2", "1750m", "9000", "15s"],
          object: { kind: "PartialObjectMetadata", metadata: { name: "n2" } },
        },
      ],
    });
    const url = `${METRICS}/pods?labelSelector=own=db-1&includeObject=`;
    const old = TABLE.replace("v=v1", "v=v1beta1");
    const { rows } = await get<{ rows: object[] }>(`${url}None`, old);
    expect(rows).toEqual([{ cells: ["db-1", "1", String(3000 + (30 % 7) * 10), "15s"] }]);
    expect(await get(`${url}Object`, TABLE)).toMatchObject({
      rows: [{ object: { kind: "PodMetrics", containers: [{ name: "db" }] } }],
    });
  });

  test("does not tell old values of a node that has fallen silent", async () => {
    now += 61_000;
    expect(await namesAt(`${METRICS}/nodes`)).toEqual([]);
    expect(await namesAt(`${METRICS}/pods`)).toEqual([]);
    expect(await get("/api/v1/nodes/n1")).toMatchObject({
      status: { conditions: [{ type: "Ready", status: "Unknown" }] },
    });
  });
});

describe("the core group", () => {
  test("has nodes with what they have, and every pod that runs", async () => {
    expect(await get("/api/v1/nodes/n1")).toMatchObject({
      kind: "Node",
      status: { allocatable: { cpu: "2", memory: "3906250Ki" }, capacity: { cpu: "2" } },
    });
    expect(await namesAt("/api/v1/namespaces/shop/pods")).toEqual([
      "db-1",
      "web-1",
      "web-2",
      "web-3",
    ]);
    expect(await namesAt("/api/v1/namespaces")).toEqual(["default", "shop"]);
    const elsewhere = "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1,status.phase!%3DFailed";
    expect(await namesAt(elsewhere)).toEqual(["web-1", "web-3"]);
  });
});

describe("errors are a Status", () => {
  test.for<
    [method: "GET" | "POST" | "PUT" | "DELETE", url: string, status: number, message: string]
  >([
    ["GET", `${METRICS}/nodes/n3`, 404, `nodemetrics.metrics.k8s.io "n3" not found`],
    [
      "GET",
      `${METRICS}/namespaces/shop/pods/x`,
      404,
      `podmetrics.metrics.k8s.io "shop/x" not found`,
    ],
    ["GET", `${METRICS}/namespaces/shop/pods/web-3`, 404, "not found"],
    ["GET", "/api/v1/nodes/n3", 404, `nodes "n3" not found`],
    ["GET", `${METRICS}/events`, 404, "could not find the requested resource"],
    ["GET", "/apis/apps/v1/deployments", 404, "could not find"],
    ["GET", `${METRICS}/pods?labelSelector=a%20b`, 400, "unable to parse labelSelector"],
    ["GET", `${METRICS}/pods?labelSelector=a&labelSelector=b`, 400, "only once"],
    ["GET", `${METRICS}/nodes?fieldSelector=spec.x%3D1`, 400, "cannot be selected by"],
    ["GET", `${METRICS}/pods?includeObject=Some`, 400, "includeObject"],
    ["GET", `${METRICS}/pods?watch=1`, 405, "cannot be watched"],
    ["POST", `${METRICS}/pods`, 405, "POST is not allowed"],
    ["PUT", `${METRICS}/nodes/n1`, 405, "PUT is not allowed"],
    ["DELETE", `${METRICS}/nodes/n1`, 405, "DELETE is not allowed"],
  ])("%s %s: %s", async ([method, url, code, message]) => {
    const body =
      method === "GET" || method === "DELETE"
        ? {}
        : { payload: "{", headers: { "content-type": "application/json" } };
    const answer = await app.inject({ method, url, ...body });
    expect(answer.json()).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      code,
      message: expect.stringContaining(message),
    });
    expect(answer.statusCode).toBe(code);
  });

  test("name what is missing", async () => {
    const answer = await app.inject(`${METRICS}/namespaces/shop/pods/x`);
    expect(answer.json()).toMatchObject({
      reason: "NotFound",
      details: { name: "shop/x", group: "metrics.k8s.io", kind: "podmetrics" },
    });
  });

  test("say who may not ask, of unknown paths too", async () => {
    verdict = "challenge";
    for (const url of ["/apis", `${METRICS}/pods`, "/apis/none", "/api/v1/nodes"]) {
      const answer = await app.inject(url);
      expect([url, answer.statusCode]).toEqual([url, 401]);
      expect(answer.json()).toMatchObject({ kind: "Status", reason: "Unauthorized", code: 401 });
    }
  });
});
