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
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import { LEVELS } from "../../../wire/levels.ts";
import type { LevelAnswer, LevelRow } from "../../../wire/stats/level-row.ts";
import { FLEET_START, passAll, shopContainer, twoNodes, use } from "../fakes/fleet.ts";
import { noEvents } from "../fakes/no-events.ts";

let directory: string;
let history: DuckdbHistory;
let app: FastifyInstance;
let now = 0;

/** A minute; then web-1 is made anew under another id, and half a minute passes. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-levels-"));
  const logger = pino({ level: "silent" });
  history = await openDuckdbHistory({ directory, logger, retention: 1e12, now: () => now });
  const cluster = new Cluster();
  const nodes = twoNodes();
  const keep = history.append.bind(history);
  for (let turn = 0; turn < 4; turn++) await passAll(nodes, 15, cluster, keep);
  nodes[0].remove("/docker/web-1");
  nodes[0].remove("/docker/web-1/inner");
  nodes[0].add(shopContainer("web-3", "web", { memory_bytes: 4000 }), use(0.75, 500));
  for (let turn = 0; turn < 2; turn++) await passAll(nodes, 15, cluster, keep);
  await history.flush();
  now = nodes[1].time;
  app = fastify();
  for (const route of allRoutes) {
    await route(app, {
      clusterName: "lab",
      sinks: () => [],
      cluster,
      events: noEvents,
      history,
      targets: () => [],
      series: new SeriesStore(1e6),
      jobs: () => [],
      registry: new Registry(),
      clock: { now: () => now, monotonic: () => now },
      pageDirectory: join(directory, "page"),
    });
  }
});
afterAll(async () => {
  await app.close();
  await history.close();
  await rm(directory, { recursive: true });
});

async function ask(query: string): Promise<LevelAnswer> {
  const response = await app.inject(`/stats?${query}`);
  expect(response.statusCode, response.body).toBe(200);
  return response.json<LevelAnswer>();
}

async function rowsOf(query: string): Promise<readonly LevelRow[]> {
  return (await ask(query)).rows;
}

const namesOf = (rows: readonly LevelRow[]): string[] => rows.map(({ name }) => name);

/** What was measured, flat and with its place, so that two of them can be compared number by number. */
function numbersOf(row: object, path = ""): Map<string, unknown> {
  const numbers = new Map<string, unknown>();
  for (const [key, value] of Object.entries(row)) {
    if (typeof value === "object" && value !== null) {
      for (const entry of numbersOf(value, `${path}/${key}`)) numbers.set(...entry);
    } else numbers.set(`${path}/${key}`, value);
  }
  return numbers;
}

describe("GET /stats at a level", () => {
  test("names the rows of each level", async () => {
    const names: Record<string, string[]> = {};
    for (const level of LEVELS) names[level] = namesOf(await rowsOf(`level=${level}`));
    expect(names).toEqual({
      pod: ["default/api"],
      service: ["shop/db", "shop/web"],
      namespace: ["default"],
      stack: [],
      compose_project: ["shop"],
      node: ["n1", "n2"],
      cluster: ["lab"],
    });
  });

  test("adds a service up over nodes, second by second", async () => {
    const [web] = await rowsOf("level=service&name=shop/web&window=20s");
    expect(web).toMatchObject({
      nodes: 2,
      containers: 2,
      groups: { compose_project: "shop", service: "web" },
      labels: { team: "shop" },
      limits: { cpu_cores: null, memory_bytes: 20_000, pids: null },
      latest: { cpu_cores: 1 },
      window: { cpu_cores: { avg: 1, max: 1, min: 1, p95: 1 } },
    });
    expect(web).not.toHaveProperty("node");
    expect(web!.labels).not.toHaveProperty("own");
    const all = await ask("level=service&name=shop/web&metrics=memory_usage_bytes");
    // 15 s of lag at the most, and the seconds that lie on borders.
    expect(all.window_seconds).toBeGreaterThan(40);
  });

  test("a ratio is the sum of its parts over the sum of its wholes", async () => {
    const [web] = await rowsOf("level=service&name=shop/web&step=1s&stat=avg");
    const { values, times } = web!.series!;
    // Ten periods a second of each; the quota runs out in every 4th, and in every 2nd.
    const throttled = values["cpu_throttled_ratio"]!["avg"]!;
    expect(times).toHaveLength(throttled.length);
    const second = throttled.slice(-4).reduce((sum: number, value) => sum + value!, 0) / 4;
    expect(second).toBeCloseTo((2.5 + 5) / 20, 9);
    // 520 or so of 4000 and 2020 or so of 16 000.
    const used = values["memory_working_set_bytes"]!["avg"]!.at(-1)!;
    expect(values["memory_limit_ratio"]!["avg"]!.at(-1)).toBeCloseTo(used / 20_000, 12);
    // The worst of both.
    expect(values["pressure_cpu_some_ratio"]!["avg"]!.at(-1)).toBeCloseTo(0.004, 9);
  });

  test("a node is its root cgroup, the cluster the sum of its nodes, and nothing counts twice", async () => {
    const [one, two] = await rowsOf("level=node");
    expect(one).toMatchObject({
      node: "n1",
      containers: 1,
      capacity: { cpu_cores: 2, memory_bytes: 4e9 },
      utilization: { cpu_ratio: 0.75, memory_ratio: 5000 / 4e9 },
      latest: { cpu_cores: 1.5, memory_usage_bytes: 5000 },
      outside_containers: { cpu_cores: 0.75 },
    });
    expect(two).toMatchObject({ containers: 3, latest: { cpu_cores: 1.75 } });
    const [cluster] = await rowsOf("level=cluster");
    expect(cluster).toMatchObject({
      name: "lab",
      nodes: 2,
      containers: 4,
      capacity: { cpu_cores: 4, memory_bytes: 8e9 },
      latest: { cpu_cores: 3.25, memory_usage_bytes: 14_000 },
      window: { cpu_cores: { avg: 3.25, max: 3.25 } },
    });
    expect(cluster!.utilization).toEqual({ cpu_ratio: 3.25 / 4, memory_ratio: 14_000 / 8e9 });
  });

  test("filters choose the containers that a machine is made of", async () => {
    const [cluster] = await rowsOf("level=cluster&group=compose_project:shop&metrics=cpu_cores");
    expect(cluster).toMatchObject({ containers: 3, latest: { cpu_cores: 2 } });
    expect(cluster).not.toHaveProperty("outside_containers");
    expect(cluster).not.toHaveProperty("utilization");
    expect(Object.keys(cluster!.latest)).toEqual(["time", "cpu_cores"]);
    expect(namesOf(await rowsOf("level=node&label=own=db-1"))).toEqual(["n2"]);
    expect(namesOf(await rowsOf("level=service&node=n2&sort=-cpu_cores&metrics=threads"))).toEqual([
      "shop/db",
      "shop/web",
    ]);
    expect(namesOf(await rowsOf("level=service&sort=-name&limit=1"))).toEqual(["shop/web"]);
    expect(namesOf(await rowsOf("level=service&runtime=cri-o"))).toEqual([]);
  });

  test("writes CSV and lines of JSON", async () => {
    const csv = await app.inject("/stats?level=cluster&format=csv&metrics=cpu_cores&stat=max");
    const [header, line] = csv.body.split("\r\n");
    expect(header).toBe(
      "level,name,node,containers,namespace,stack,compose_project,service,pod,time,cpu_cores,cpu_cores_max",
    );
    expect(line).toMatch(/^cluster,lab,,4,,,,,,2026-01-01T00:01:2\d\.000Z,3\.25,3\.25$/);
    const lines = await app.inject("/stats?level=node&format=ndjson");
    expect(
      lines.body
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text).name),
    ).toEqual(["n1", "n2"]);
  });

  test.for([
    ["level=pods", /^level: "pods" is not one of container, pod/],
    ["level=pod&window=2m", /^window: /],
    ["level=pod&start=-1m&window=10s", /^window: /],
  ] as const)("refuses %s", async ([query, message]) => {
    const response = await app.inject(`/stats?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json<{ message: string }>().message).toMatch(message);
  });

  test("refuses a level for one container", async () => {
    expect((await app.inject("/stats/web-3?level=pod")).statusCode).toBe(400);
  });
});

describe("GET /stats at a level of the past", () => {
  test.for(LEVELS)("has the numbers of the live window: %s", async (level) => {
    const live = await ask(`level=${level}&step=7s`);
    const end = FLEET_START / 1000 + 90;
    const start = Date.parse(live.time) / 1000;
    const [from, to] = rangeOf(live);
    expect(start).toBeLessThanOrEqual(end + 1);
    const past = await ask(`level=${level}&step=7s&start=${from}&end=${to}`);
    expect(past.resolution_seconds).toBe(1);
    expect(namesOf(past.rows)).toEqual(namesOf(live.rows));
    for (const [index, row] of live.rows.entries()) {
      const [here, there] = [numbersOf(row), numbersOf(past.rows[index]!)];
      expect([...there.keys()].toSorted()).toEqual([...here.keys()].toSorted());
      for (const [path, value] of here) {
        const other = there.get(path);
        if (typeof value !== "number") expect([path, other]).toEqual([path, value]);
        else
          expect(Math.abs(Number(other) - value), path).toBeLessThanOrEqual(1e-9 * Math.abs(value));
      }
    }
  });

  /** The seconds that a live answer covers. */
  function rangeOf({ rows, window_seconds: length }: LevelAnswer): [number, number] {
    const time = rows[0]?.latest.time;
    const newest = time === undefined ? FLEET_START / 1000 + 80 : Date.parse(time) / 1000;
    return [newest + 1 - length, newest + 1];
  }

  test("keeps a service's sum through recreation, and counts its limits once", async () => {
    const answer = await ask(
      "level=service&name=shop/web&start=-85s&step=1s&metrics=cpu_cores&stat=max",
    );
    const [web] = answer.rows;
    expect(web!.limits.memory_bytes).toBe(20_000);
    const cores = web!.series!.values["cpu_cores"]!["max"]!;
    expect(cores.slice(5, 50)).toEqual(Array(45).fill(0.75));
    expect(cores.slice(65)).toEqual(Array(cores.length - 65).fill(1));
  });

  test("adds longer seconds up where a range is long", async () => {
    const answer = await ask("level=cluster&start=2025-12-01T00:00:00Z&end=now");
    expect(answer.resolution_seconds).toBeGreaterThan(1);
    expect(answer.rows[0]).toMatchObject({ window: { cpu_cores: { avg: 3.25 } } });
  });

  test("refuses what is too much", async () => {
    const response = await app.inject("/stats?level=cluster&start=2025-12-28T00:00:00Z&step=1m");
    expect(response.statusCode).toBe(200);
    const refused = await app.inject("/stats?level=cluster&start=2025-12-29T00:00:00Z&step=1s");
    expect(refused.statusCode).toBe(400);
  });
});
