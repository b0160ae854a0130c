import { type FastifyInstance, fastify } from "fastify";
import { Registry } from "prom-client";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { ClusterView } from "../../../aggregator/api/route.ts";
import { targets } from "../../../aggregator/api/targets.ts";
import { configuredJobs } from "../../../aggregator/jobs/configured.ts";
import type { Target } from "../../../aggregator/jobs/target.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import { untried } from "../../../aggregator/scrape/target-state.ts";

let app: FastifyInstance;

const labels = { job: "nodes", instance: "a:8180", zone: `<b>"x"</b>` };
const discoveredLabels = { __address__: "a:8180", __meta_zone: "x" };

function targetAt(url: string, job: Target["job"]): Target {
  return { job, url, labels, discoveredLabels, scrapeInterval: 15_000, scrapeTimeout: 10_000 };
}

beforeAll(async () => {
  app = fastify();
  const [job] = configuredJobs({
    agents: ["a:8180"],
    scrape_interval: 15,
    scrape_timeout: 10,
    global: undefined,
    scrape_configs: undefined,
  });
  const made = ["http://a:8180/metrics", "http://b:8180/metrics"].map((url) => targetAt(url, job!));
  const [asked] = made;
  const discoveries = [
    { kind: "dns", where: "<nodes>", targets: 2, failures: 3, trouble: "no such name" },
  ];
  const view: ClusterView = {
    clusterName: "lab",
    cluster: new Cluster(),
    history: undefined,
    targets: () => [
      {
        ...untried(asked!),
        health: "down",
        error: { reason: "timeout", message: "<script>alert(1)</script>" },
      },
    ],
    series: new SeriesStore(1e6),
    jobs: () => [{ name: job!.name, discoveries, targets: made, dropped: [], droppedCount: 0 }],
    registry: new Registry(),
    clock: { now: () => 0, monotonic: () => 0 },
    pageDirectory: "",
  };
  await targets(app, view);
});
afterAll(() => app.close());

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
