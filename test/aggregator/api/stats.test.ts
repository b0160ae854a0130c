import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type FastifyInstance, fastify } from "fastify";
import { pino } from "pino";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { allRoutes } from "../../../aggregator/api/all.ts";
import { type DuckdbHistory, openDuckdbHistory } from "../../../aggregator/history/duckdb.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import type { TargetState } from "../../../aggregator/scrape/target-state.ts";
import type { ContainerStats } from "../../../wire/stats/answer.ts";
import type { StatsAnswer } from "../../../wire/stats/encode.ts";
import { FakeNode } from "../fakes/agent.ts";
import { noEvents } from "../fakes/no-events.ts";
import { containerOf } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const SECOND = 1e9;
const id = (letter: string): string => letter.repeat(64);

const web = containerOf("/docker/web", {
  container_id: `abcd${id("1").slice(4)}`,
  name: "web",
  image: "nginx",
  runtime: "docker",
  groups: { compose_project: "shop" },
});
const oldWeb = { ...web, id: "/docker/old-web", container_id: `abff${id("2").slice(4)}` };
const db = containerOf("/docker/db", { name: 'd"b,\n', container_id: id("3") });

let directory: string;
let history: DuckdbHistory;
let app: FastifyInstance;
let bare: FastifyInstance;
let now = 0;

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines;
}

const usage = (cores: number) => (tick: number) => ({
  cpu_usage_nanoseconds: cores * SECOND * tick,
  memory_usage_bytes: cores * 1000 + tick,
});

const target: TargetState = {
  url: "http://a:8180",
  job: "agents",
  labels: {},
  health: "down",
  node: "n1",
  samples: 60,
  containers: 2,
  lastScrape: T0 + 1000,
  lastSuccess: T0,
  duration: 12,
  failures: 1,
  limitHits: 0,
  gapSeconds: 2.5,
  error: { reason: "timeout", message: "took too long" },
  lastGap: { start: T0 - 5000, end: T0 - 2500, cause: "not_reached" },
};

async function appOf(cluster: Cluster, kept: DuckdbHistory | undefined): Promise<FastifyInstance> {
  const routes = fastify();
  for (const route of allRoutes) {
    await route(routes, {
      clusterName: "lab",
      sinks: () => [],
      cluster,
      events: noEvents,
      history: kept,
      jobs: () => [],
      series: new SeriesStore(1e6),
      targets: () => [target],
      registry: new Registry(),
      clock: { now: () => now, monotonic: () => now },
      pageDirectory: join(directory, "page"),
    });
  }
  return routes;
}

/** Two nodes for two minutes: web on both, old-web on n1 only in the first 30 s, db on n2. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-api-"));
  const logger = pino({ level: "silent" });
  const retention = 1e12;
  history = await openDuckdbHistory({ directory, logger, retention, now: () => now });
  const cluster = new Cluster();
  const [first, second] = [new FakeNode("n1", T0), new FakeNode("n2", T0)];
  first.add(web, usage(0.5));
  first.add(oldWeb, usage(0.25));
  second.add(web, usage(2));
  second.add(db, usage(0.125));
  for (let turn = 0; turn < 4; turn++) {
    if (turn === 1) first.remove(oldWeb.id);
    for (const node of [first, second]) {
      node.pass(30);
      const feed = await parseFeed(each(node.feed(`run1-${turn * 30}`)));
      history.append(cluster.apply(feed, node.time).batch);
    }
  }
  await history.flush();
  now = first.time;
  app = await appOf(cluster, history);
  bare = await appOf(cluster, undefined);
});
afterAll(async () => {
  await app.close();
  await bare.close();
  await history.close();
  await rm(directory, { recursive: true });
});

async function ask(url: string, of: FastifyInstance = app): Promise<StatsAnswer> {
  const response = await of.inject(url);
  expect(response.statusCode, response.body).toBe(200);
  return response.json<StatsAnswer>();
}

async function containersOf(url: string): Promise<ContainerStats[]> {
  return (await ask(url))["containers"] as ContainerStats[];
}

const whoOf = (containers: readonly ContainerStats[]): string[] =>
  containers.map(({ node, id: cgroup }) => `${node}${cgroup}`);

async function refusal(url: string, of: FastifyInstance = app): Promise<string> {
  const response = await of.inject(url);
  const body = response.json<{ statusCode: number; error: string; message: string }>();
  expect(body).toMatchObject({ statusCode: response.statusCode });
  return `${response.statusCode} ${body.message}`;
}

describe("GET /stats of now", () => {
  test("answers all nodes' containers with their last minute", async () => {
    const answer = await ask("/stats");
    expect(answer).toMatchObject({
      node: "lab",
      time: "2026-01-01T00:02:00.000Z",
      interval_seconds: 1,
      window_seconds: 60,
    });
    const containers = answer["containers"] as ContainerStats[];
    expect(whoOf(containers)).toEqual(["n2/docker/db", "n1/docker/web", "n2/docker/web"]);
    expect(containers[1]).toMatchObject({
      ...web,
      node: "n1",
      latest: { time: "2026-01-01T00:02:00.000Z", cpu_cores: 0.5, memory_usage_bytes: 620 },
      window: { cpu_cores: { avg: 0.5, max: 0.5, min: 0.5, p95: 0.5 } },
    });
    expect(containers[1]).not.toHaveProperty("series");
    expect(containers[1]!.latest).not.toHaveProperty("threads");
  });

  test("filters, sorts and limits over all nodes", async () => {
    expect(whoOf(await containersOf("/stats?node=n2&name=w*"))).toEqual(["n2/docker/web"]);
    expect(whoOf(await containersOf("/stats?group=compose_project:shop&limit=1"))).toEqual([
      "n1/docker/web",
    ]);
    expect(whoOf(await containersOf("/stats?sort=-cpu_cores&limit=2"))).toEqual([
      "n2/docker/web",
      "n1/docker/web",
    ]);
    expect(await containersOf("/stats?node=nowhere")).toEqual([]);
  });

  test("writes CSV and lines of JSON", async () => {
    const csv = await app.inject("/stats?format=csv&metrics=cpu_cores&stat=max&node=n2");
    expect(csv.headers["content-type"]).toContain("text/csv");
    expect(csv.body).toBe(
      [
        "node,id,name,image,runtime,state,time,cpu_cores,cpu_cores_max",
        `n2,/docker/db,"d""b,\n",,,,2026-01-01T00:02:00.000Z,0.125,0.125`,
        "n2,/docker/web,web,nginx,docker,,2026-01-01T00:02:00.000Z,2,2",
        "",
      ].join("\r\n"),
    );
    const lines = (await app.inject("/stats?format=ndjson&node=n1")).body.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ name: "web" }]);
  });

  test("answers without a history too", async () => {
    expect((await ask("/stats", bare))["containers"]).toHaveLength(3);
  });
});

describe("GET /stats of the past", () => {
  test("answers with a series where a step is given, also for what is gone by now", async () => {
    const answer = await ask(
      "/stats?start=-2m&step=1s&name=web&node=n1&metrics=cpu_cores,memory_usage_bytes",
    );
    expect(answer).toMatchObject({ window_seconds: 120 });
    const containers = answer["containers"] as ContainerStats[];
    expect(whoOf(containers).toSorted()).toEqual(["n1/docker/old-web", "n1/docker/web"]);
    const gone = containers.find(({ id: cgroup }) => cgroup === oldWeb.id)!;
    expect(gone.latest).toEqual({
      time: "2026-01-01T00:00:30.000Z",
      cpu_cores: 0.25,
      memory_usage_bytes: 280,
    });
    expect(gone.window["memory_usage_bytes"]).toEqual({ avg: 265.5, max: 280, min: 251, p95: 279 });
    expect(gone.series!.times).toEqual(Array.from({ length: 30 }, (_, at) => T0 / 1000 + 1 + at));
    expect(gone.series!.values["cpu_cores"]!["avg"]).toEqual([null, ...Array(29).fill(0.25)]);
  });

  test("reads no series for a list without a step, nor for CSV", async () => {
    for (const container of await containersOf("/stats?start=2000-01-01T00:00:00Z")) {
      expect(container).not.toHaveProperty("series");
      expect(container.window["cpu_cores"]).toBeDefined();
    }
    // As JSON these would be more numbers than one answer may have.
    const url = "start=2026-01-01T00:00:00Z&end=2026-01-01T02:30:00Z&step=1s";
    const csv = await app.inject(`/stats?${url}&format=csv`);
    expect([csv.statusCode, csv.body.split("\r\n")]).toEqual([
      200,
      expect.objectContaining({ length: 6 }),
    ]);
  });

  test("answers just the range, in the step asked for", async () => {
    const url =
      "/stats?start=2026-01-01T00:01:00Z&end=1767225690&step=10s&metrics=cpu_cores&stat=avg,max";
    const containers = await containersOf(`${url}&sort=-cpu_cores`);
    expect(whoOf(containers)).toEqual(["n2/docker/web", "n1/docker/web", "n2/docker/db"]);
    expect(containers[0]!.series).toEqual({
      step_seconds: 10,
      times: [60, 70, 80].map((second) => T0 / 1000 + second),
      values: { cpu_cores: { avg: [2, 2, 2], max: [2, 2, 2] } },
    });
    expect(containers[0]!.window).toEqual({ cpu_cores: { avg: 2, max: 2 } });
  });

  test("limits after sorting", async () => {
    const containers = await containersOf("/stats?start=-2m&sort=cpu_cores&limit=1");
    expect(whoOf(containers)).toEqual(["n2/docker/db"]);
    expect((await containersOf("/stats?start=-2m&limit=2")).map(({ name }) => name)).toEqual([
      db.name,
      "web",
    ]);
  });

  test("answers nothing for a time with nothing", async () => {
    expect(
      await containersOf("/stats?start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z"),
    ).toEqual([]);
  });

  test("answers several questions at once", async () => {
    const asked = Array.from({ length: 8 }, () => containersOf("/stats?start=-2m"));
    for (const containers of await Promise.all(asked)) expect(containers).toHaveLength(4);
  });
});

describe("GET /stats/{container}", () => {
  test.for([
    ["by name, on every node that has one", "web", ["n1/docker/web", "n2/docker/web"]],
    ["by the engine's id", id("3"), ["n2/docker/db"]],
    ["by the beginning of it", "abcd", ["n1/docker/web", "n2/docker/web"]],
    ["by cgroup path", "/docker/db", ["n2/docker/db"]],
    ["by cgroup path, written for a URL", "%2Fdocker%2Fdb", ["n2/docker/db"]],
    ["by a name with strange characters", encodeURIComponent(db.name), ["n2/docker/db"]],
  ] as const)("finds %s", async ([, word, expected]) => {
    const containers = await containersOf(`/stats/${word}`);
    expect(whoOf(containers)).toEqual(expected);
    const { series } = containers[0]!;
    expect(series!.step_seconds).toBe(1);
    expect(series!.times).toHaveLength(61);
  });

  test("of the past finds all that had the name", async () => {
    const containers = await containersOf("/stats/web?start=-2m&node=n1&metrics=cpu_cores");
    expect(whoOf(containers).toSorted()).toEqual(["n1/docker/old-web", "n1/docker/web"]);
    expect(containers.map(({ series }) => series?.step_seconds)).toEqual([1, 1]);
    expect(whoOf(await containersOf("/stats/abff?start=-2m"))).toEqual(["n1/docker/old-web"]);
  });

  test("says where else to look when it is gone", async () => {
    expect(await refusal("/stats/abff")).toBe(
      '404 no container that runs now has the name, id or cgroup path "abff"; with start the past is searched',
    );
    expect(await refusal("/stats/abff?start=-1m")).toBe(
      '404 no container of that time has the name, id or cgroup path "abff"',
    );
  });
});

describe("a bad parameter", () => {
  test.for([
    ["/stats?metrics=cpu", "400 metrics: "],
    ["/stats?start=soon", '400 start: "soon" is not a time'],
    ["/stats?start=-1h&window=30s", "400 window: goes without start and end"],
    ["/stats?start=-1h&step=10ms", "400 step: is less than 1s"],
    [
      "/stats?level=planet",
      '400 level: "planet" is not one of container, pod, service, namespace, stack, compose_project, node, cluster',
    ],
    ["/stats/web?stat=median", "400 stat: "],
  ] as const)("%s is refused with its name", async ([url, message]) => {
    expect(await refusal(url)).toContain(message);
  });

  test("a past that nobody kept is refused", async () => {
    expect(await refusal("/stats?start=-1h", bare)).toBe(
      "400 start: no history is kept here; set history.kind to keep one",
    );
  });

  test("an answer that would be too large is refused before it is read", async () => {
    const url = "/stats?start=2026-01-01T00:00:00Z&end=2026-01-01T02:30:00Z&step=1s";
    expect(await refusal(url)).toMatch(/^400 step: the answer would have \d+ numbers, more than/);
    expect(await containersOf(`${url}&metrics=cpu_cores&stat=max`)).toHaveLength(4);
  });
});

describe("the other routes", () => {
  test("GET /targets tells how asking goes", async () => {
    const response = await app.inject("/targets");
    expect(response.json()).toEqual({
      targets: [
        {
          job: "agents",
          labels: {},
          url: "http://a:8180",
          state: "down",
          node: "n1",
          samples: 60,
          containers: 2,
          last_scrape: "2026-01-01T00:00:01.000Z",
          last_success: "2026-01-01T00:00:00.000Z",
          duration_seconds: 0.012,
          failures: 1,
          limit_hits: 0,
          gap_seconds: 2.5,
          error: { reason: "timeout", message: "took too long" },
          last_gap: {
            start: "2025-12-31T23:59:55.000Z",
            end: "2025-12-31T23:59:57.500Z",
            cause: "not_reached",
          },
        },
      ],
      discoveries: [],
      sinks: [],
    });
  });

  test("GET /metrics counts the cluster, the targets and the history", async () => {
    for (let time = 0; time < 2; time++) {
      const { body, headers } = await app.inject("/metrics");
      expect(headers["content-type"]).toContain("text/plain");
      expect(body).toContain("\nplimsoll_cluster_nodes 2\n");
      expect(body).toContain("\nplimsoll_cluster_containers 3\n");
      expect(body).toContain(
        '\nplimsoll_aggregator_target_up{target="http://a:8180",node="n1"} 0\n',
      );
      expect(body).toContain("\nplimsoll_aggregator_history_samples_total 390\n");
      expect(body).toContain("\nplimsoll_aggregator_history_queue_samples 0\n");
    }
    expect((await bare.inject("/metrics")).body).not.toContain("_history_");
  });

  test("GET / says what to do while the page is not built", async () => {
    const response = await app.inject("/");
    expect(response.statusCode).toBe(503);
    expect(response.body).toBe(
      'The page has not been built. Run "npm run build" and start the aggregator again.\n',
    );
  });
});
