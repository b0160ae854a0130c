import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { Registry } from "prom-client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { allRoutes } from "../../../aggregator/api/all.ts";
import { type DuckdbHistory, openDuckdbHistory } from "../../../aggregator/history/duckdb.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import type { TargetState } from "../../../aggregator/scrape/target-state.ts";
import { untried } from "../../../aggregator/scrape/target-state.ts";
import { createHttpServer } from "../../../lib/http/server.ts";
import { logLines } from "../../lib/http/log-lines.ts";
import { type Documented, documentedRoutes, faultOf } from "../../openapi.ts";
import { FakeNode } from "../fakes/agent.ts";
import { noEvents } from "../fakes/no-events.ts";
import { containerOf } from "../fakes/samples.ts";
import { targetOf } from "../fakes/targets.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");

const targets: readonly TargetState[] = [
  untried(targetOf("http://b:8180")),
  {
    ...untried(targetOf("http://a:8180")),
    health: "down",
    node: "n1",
    lastScrape: T0,
    lastSuccess: T0,
    duration: 12,
    error: { reason: "timeout", message: "took too long" },
    lastGap: { start: T0 - 5000, end: T0, cause: "not_reached" },
  },
];

/** What each route is asked, with the status that it answers. */
const requests: Readonly<Record<string, readonly (readonly [url: string, status: number])[]>> = {
  "/stats": [
    ["/stats", 200],
    ["/stats?step=5s&metrics=cpu_cores&node=n1&level=container", 200],
    ["/stats?start=-1m&end=now&step=10s", 200],
    ["/stats?format=csv", 200],
    ["/stats?format=ndjson", 200],
    ["/stats?level=cluster&step=5s", 200],
    ["/stats?level=node&start=-1m&metrics=cpu_cores", 200],
    ["/stats?level=service&format=csv", 200],
    ["/stats?level=planet", 400],
    ["/stats?limit=0", 400],
    ["/stats?start=2026-02-30T00:00:00Z", 400],
    ["/stats?window=2m", 400],
    ["/stats?step=1ms", 400],
    ["/stats?nod=n1", 400],
  ],
  "/stats/{container}": [
    ["/stats/web", 200],
    ["/stats//docker/web?start=-1m", 200],
    ["/stats/nobody", 404],
  ],
  "/targets": [["/targets", 200]],
  "/service-discovery": [["/service-discovery", 200]],
  "/sd/agents": [["/sd/agents", 200]],
  "/metrics": [["/metrics", 200]],
  "/events": [
    ["/events", 200],
    ["/events?type=none", 400],
  ],
  "/federate": [
    ["/federate?match[]=up", 200],
    ["/federate", 200],
    ["/federate?match[]={", 400],
  ],
  "/version": [["/version", 200]],
  "/api": [["/api", 200]],
  "/api/v1": [["/api/v1", 200]],
  "/api/v1/nodes": [["/api/v1/nodes", 200]],
  "/api/v1/nodes/{name}": [
    ["/api/v1/nodes/n1", 200],
    ["/api/v1/nodes/n2", 404],
  ],
  "/api/v1/namespaces": [["/api/v1/namespaces", 200]],
  "/api/v1/namespaces/{name}": [["/api/v1/namespaces/default", 200]],
  "/api/v1/pods": [["/api/v1/pods", 200]],
  "/api/v1/namespaces/{namespace}/pods": [["/api/v1/namespaces/default/pods", 200]],
  "/api/v1/namespaces/{namespace}/pods/{name}": [["/api/v1/namespaces/default/pods/web", 200]],
  "/apis": [["/apis", 200]],
  "/apis/metrics.k8s.io": [["/apis/metrics.k8s.io", 200]],
  "/apis/metrics.k8s.io/v1beta1": [["/apis/metrics.k8s.io/v1beta1", 200]],
  "/apis/metrics.k8s.io/v1beta1/nodes": [
    ["/apis/metrics.k8s.io/v1beta1/nodes", 200],
    ["/apis/metrics.k8s.io/v1beta1/nodes?labelSelector=a+b", 400],
  ],
  "/apis/metrics.k8s.io/v1beta1/nodes/{name}": [
    ["/apis/metrics.k8s.io/v1beta1/nodes/n1", 200],
    ["/apis/metrics.k8s.io/v1beta1/nodes/n2", 404],
  ],
  "/apis/metrics.k8s.io/v1beta1/pods": [
    ["/apis/metrics.k8s.io/v1beta1/pods?limit=1", 200],
    ["/apis/metrics.k8s.io/v1beta1/pods?watch=true", 405],
  ],
  "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods": [
    ["/apis/metrics.k8s.io/v1beta1/namespaces/default/pods", 200],
    ["/apis/metrics.k8s.io/v1beta1/namespaces/none/pods", 200],
  ],
  "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{name}": [
    ["/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web", 200],
    ["/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/nobody", 404],
  ],
  "/healthz": [["/healthz", 200]],
  "/-/healthy": [["/-/healthy", 200]],
  "/-/ready": [["/-/ready", 200]],
};

let directory: string;
let history: DuckdbHistory;
let app: FastifyInstance;
let routes: Documented[];

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-openapi-"));
  const node = new FakeNode("n1", T0);
  const clock = { now: () => node.time, monotonic: () => node.time };
  const logger = pino({ level: "silent" });
  history = await openDuckdbHistory({ directory, logger, retention: 1e12, now: clock.now });
  const cluster = new Cluster();
  node.add(containerOf("/docker/web", { name: "web", runtime: "docker" }), (tick) => ({
    cpu_usage_nanoseconds: tick * 1e8,
    memory_usage_bytes: 1000,
    memory_working_set_bytes: 1000,
  }));
  node.add(containerOf("/"), (tick) => ({
    cpu_usage_nanoseconds: tick * 1e9,
    memory_working_set_bytes: 2048,
  }));
  node.pass(60);
  const feed = await parseFeed(each(node.feed("run1-0")));
  history.append(cluster.apply(feed, node.time).batch);
  await history.flush();
  const about = { title: "Aggregator", description: "With one node.", version: "1.2.3" };
  app = await createHttpServer({ ...about, logger: logLines().logger });
  for (const route of allRoutes) {
    await route(app, {
      clusterName: "lab",
      sinks: () => [],
      cluster,
      events: noEvents,
      history,
      series: new SeriesStore(1e6),
      jobs: () => [],
      targets: () => targets,
      registry: new Registry(),
      clock,
      pageDirectory: join(directory, "page"),
    });
  }
  routes = await documentedRoutes(app);
});

afterAll(async () => {
  await app.close();
  await history.close();
  await rm(directory, { recursive: true });
});

test("the OpenAPI document has every route, and no other", () => {
  expect(routes.map(({ path }) => path).toSorted()).toEqual(Object.keys(requests).toSorted());
});

test.for(Object.keys(requests))("%s answers what the document says", async (path) => {
  const route = routes.find((one) => one.path === path)!;
  for (const [url, status] of requests[path]!) {
    const given = await app.inject({ url });
    expect([url, given.statusCode], given.body).toEqual([url, status]);
    expect(faultOf(route, given), url).toBeUndefined();
  }
});
