import { type FastifyInstance, fastify } from "fastify";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";

import type { ClusterView } from "../../../aggregator/api/route.ts";
import { targets } from "../../../aggregator/api/targets.ts";
import { configuredJobs } from "../../../aggregator/jobs/configured.ts";
import type { Job } from "../../../aggregator/jobs/job.ts";
import type { Target } from "../../../aggregator/jobs/target.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import { type TargetState, untried } from "../../../aggregator/scrape/target-state.ts";
import type { SinkState } from "../../../aggregator/sinks/sink.ts";
import { noEvents } from "../fakes/no-events.ts";

let app: FastifyInstance;
let states: readonly TargetState[];
let job: Job;
let made: Target[];

const labels = { job: "nodes", instance: "a:8180", zone: `<b>"x"</b>` };
const discoveredLabels = { __address__: "a:8180", __meta_zone: "x" };

const sink: SinkState = {
  name: "influxdb",
  waitingPoints: 1200,
  waitingBytes: 50_000,
  capacityBytes: 1_000_000,
  oldest: Date.parse("2026-01-01T00:00:00Z"),
  sentPoints: 7,
  refusedPoints: 3,
  droppedPoints: 2,
  damagedFiles: 1,
  failures: 9,
  trouble: "<b>no route</b>",
};

function targetAt(url: string, of: Job): Target {
  return { job: of, url, labels, discoveredLabels, scrapeInterval: 15_000, scrapeTimeout: 10_000 };
}

beforeEach(async () => {
  app = fastify();
  [job] = configuredJobs({
    agents: ["a:8180"],
    scrape_interval: 15,
    scrape_timeout: 10,
    global: undefined,
    scrape_configs: undefined,
  }) as [Job];
  made = ["http://a:8180/metrics", "http://b:8180/metrics"].map((url) => targetAt(url, job));
  const [asked] = made;
  const discoveries = [
    { kind: "dns", where: "<nodes>", targets: 2, failures: 3, trouble: "no such name" },
  ];
  states = [
    {
      ...untried(asked!),
      health: "down",
      lateness: 250,
      limitHits: 2,
      error: { reason: "timeout", message: "<script>alert(1)</script>" },
    },
  ];
  const view: ClusterView = {
    clusterName: "lab",
    sinks: () => [sink],
    cluster: new Cluster(),
    events: noEvents,
    history: undefined,
    targets: () => states,
    series: new SeriesStore(1e6),
    jobs: () => [{ name: job.name, discoveries, targets: made, dropped: [], droppedCount: 0 }],
    registry: new Registry(),
    clock: { now: () => 0, monotonic: () => 0 },
    pageDirectory: "",
  };
  await targets(app, view);
});
afterEach(() => app.close());

test("tells of each target what its job has made and how asking it goes", async () => {
  const { targets: told, discoveries } = (await app.inject("/targets")).json<{
    targets: object[];
    discoveries: object[];
  }>();
  expect(told).toMatchObject([
    {
      job: "agents",
      kind: "agent",
      url: "http://a:8180",
      scrape_url: "http://a:8180/metrics",
      state: "down",
      labels,
      discovered_labels: discoveredLabels,
      error: { reason: "timeout" },
      lateness_seconds: 0.25,
      scrape_interval_seconds: 15,
      scrape_timeout_seconds: 10,
      limit_hits: 2,
    },
    { job: "agents", scrape_url: "http://b:8180/metrics", state: "unknown" },
  ]);
  expect(discoveries).toEqual([
    {
      job: "agents",
      kind: "dns",
      where: "<nodes>",
      targets: 2,
      failures: 3,
      trouble: "no such name",
    },
  ]);
});

test("has a page for browsers, without scripts and with everything escaped", async () => {
  const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const { body, headers } = await app.inject({ url: "/targets", headers: { accept } });
  expect(headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-/);
  expect(body).not.toContain("<script");
  expect(body).not.toContain("<b>");
  expect(body).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(body).toContain("zone=&quot;&lt;b&gt;&quot;x&quot;&lt;/b&gt;&quot;");
  expect(body).toContain("Targets (0 of 2 up)");
});

async function rows(): Promise<{ labels: object; state: string; note?: string }[]> {
  return (await app.inject("/targets")).json<{ targets: [] }>().targets;
}

test("two of one address that differ in their labels are two rows", async () => {
  const [first] = made;
  const other: Target = { ...first!, labels: { ...labels, zone: "y" } };
  made.push(other);
  states = [first!, other].map((target, index) => ({
    ...untried(target),
    health: index === 0 ? "up" : "down",
  }));
  expect(await rows()).toMatchObject([
    { labels: { zone: labels.zone }, state: "up" },
    { labels: { zone: "y" }, state: "down" },
    { state: "unknown" },
  ]);
});

test("who turns out to be an agent is asked within its minute, and that is said", async () => {
  const undecided = { ...made[0]!, job: { ...job, kind: undefined }, scrapeInterval: 60_000 };
  made.splice(0, 2, undecided);
  states = [{ ...untried(undecided), health: "up", kind: "agent", note: "so so" }];
  expect(await rows()).toMatchObject([
    {
      scrape_interval_seconds: 45,
      note: "so so; asked every 45s instead of 1m, as an agent keeps a minute",
    },
  ]);
  states = [{ ...untried(undecided), health: "up", kind: "exposition" }];
  const [page] = await rows();
  expect(page).toMatchObject({ scrape_interval_seconds: 60 });
  expect(page).not.toHaveProperty("note");
});

test("the page of many shows some of them and says so", async () => {
  const many = Array.from({ length: 1200 }, (_, index) => targetAt(`http://h${index}/`, job));
  made.splice(0, 2, ...many);
  states = [];
  const { body } = await app.inject({ url: "/targets", headers: { accept: "text/html" } });
  expect(body).toContain("Targets (0 of 1200 up, the first 1000 here, all of them as JSON)");
  expect(body).toContain("http://h999/");
  expect(body).not.toContain("http://h1000/");
  expect(await rows()).toHaveLength(1200);
});

test("tells of each sink how full its queue is, and what became of the points", async () => {
  const { sinks } = (await app.inject("/targets")).json<{ sinks: object[] }>();
  expect(sinks).toEqual([
    {
      name: "influxdb",
      waiting_points: 1200,
      waiting_bytes: 50_000,
      capacity_bytes: 1_000_000,
      oldest: "2026-01-01T00:00:00.000Z",
      sent_points: 7,
      refused_points: 3,
      dropped_points: 2,
      failures: 9,
      trouble: "<b>no route</b>",
    },
  ]);
  const { body } = await app.inject({ url: "/targets", headers: { accept: "text/html" } });
  expect(body).toContain("Sinks (1)");
  expect(body).toContain("<td>5.0 %</td>");
  expect(body).toContain("&lt;b&gt;no route");
});
