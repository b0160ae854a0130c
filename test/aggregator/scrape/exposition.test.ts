import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

import { pino } from "pino";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { compileAnchored } from "../../../aggregator/jobs/anchored-pattern.ts";
import type { Job } from "../../../aggregator/jobs/job.ts";
import type { Batch } from "../../../aggregator/model/batch.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { openTarget } from "../../../aggregator/scrape/all.ts";
import { createScrapeCounters } from "../../../aggregator/scrape/counters.ts";
import { ScrapeError } from "../../../aggregator/scrape/failure.ts";
import { Intake } from "../../../aggregator/scrape/intake.ts";
import type { Asker, Came } from "../../../aggregator/scrape/kind.ts";
import { Owners } from "../../../aggregator/scrape/owners.ts";
import { SeriesRooms } from "../../../aggregator/scrape/series/series-room.ts";
import { PLAIN_PEER } from "../../../lib/http/peer-settings.ts";
import { openPeer } from "../../../lib/http/peer.ts";
import { containerStats } from "../../../wire/stats/answer.ts";
import { parseStatsQuery } from "../../../wire/stats/query.ts";
import { FakeNode } from "../fakes/agent.ts";
import { containerOf } from "../fakes/samples.ts";
import { jobOf, targetOf } from "../fakes/targets.ts";

const { signal } = new AbortController();
const peer = openPeer(PLAIN_PEER);
const NOW = 1_795_270_430_000;

let answer: (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let cluster: Cluster;
let kept: Batch[];
let room: number;
beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cluster = new Cluster();
  kept = [];
  room = 1e9;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

function askerFor(more: Partial<Job> = {}): Asker {
  const { port } = server.address() as AddressInfo;
  return openTarget(targetOf(`http://127.0.0.1:${port}/metrics`, jobOf({ name: "j", ...more })), {
    peer,
    cluster,
    deliver: (batch) => void kept.push(batch),
    intake: new Intake(() => Number.POSITIVE_INFINITY),
    owners: new Owners(),
    counters: createScrapeCounters(new Registry()),
    clock: { now: () => NOW, monotonic: () => performance.now() },
    logger: pino({ level: "silent" }),
    seriesRoom: () => new SeriesRooms<string>(room).open(""),
  });
}

function pageOf(text: string, type = "text/plain; version=0.0.4"): void {
  answer = (_, response) => void response.writeHead(200, { "content-type": type }).end(text);
}

/** The series without the target's own labels, as text. */
function told({ page }: Came): string[] {
  return [...(page?.series.values() ?? [])].map(({ labels, value, time, isTimed }) => {
    const { instance: _, job: __, ...rest } = labels;
    return `${JSON.stringify(rest)} ${value}${isTimed ? ` @${time}` : ""}`;
  });
}

async function failure(more: Partial<Job> = {}): Promise<string> {
  try {
    await askerFor(more).scrape(signal);
  } catch (error) {
    if (error instanceof ScrapeError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("a page", () => {
  test("is asked for as Prometheus asks, and unpacked", async () => {
    let headers: IncomingMessage["headers"] = {};
    answer = (request, response) => {
      headers = request.headers;
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("a 1\nb 2"));
    };
    expect(told(await askerFor().scrape(signal))).toEqual([
      '{"__name__":"a"} 1',
      '{"__name__":"b"} 2',
    ]);
    expect(headers["x-prometheus-scrape-timeout-seconds"]).toBe("10");
    expect(headers.accept).toMatch(/^application\/openmetrics-text;version=1\.0\.0/);
  });

  test("has odd numbers, duplicates, impossible times and broken lines", async () => {
    const lines = ["a NaN", "b +Inf", "c 1", "c 2", "d 1 0", "e 1 4102444800000", "f{ 1"];
    pageOf([...lines, `g 1 ${NOW - 1000}`, ""].join("\n"));
    const came = await askerFor().scrape(signal);
    expect(told(came)).toEqual([
      '{"__name__":"a"} NaN',
      '{"__name__":"b"} Infinity',
      '{"__name__":"c"} 1',
      `{"__name__":"g"} 1 @${NOW - 1000}`,
    ]);
    expect(came.note).toBe("1 lines are malformed");
  });

  test("keeps its own labels or its target's, as honor_labels says", async () => {
    pageOf('a{job="x",exported_job="y",z=""} 1\n');
    const { page } = await askerFor().scrape(signal);
    expect([...page!.series.values()][0]!.labels).toMatchObject({
      job: "j",
      exported_job: "y",
      exported_exported_job: "x",
    });
    const honored = await askerFor({ honorLabels: true }).scrape(signal);
    expect([...honored.page!.series.values()][0]!.labels).toMatchObject({ job: "x" });
  });

  test("is relabelled series by series", async () => {
    pageOf("go_gc 1\nkept 2\n");
    const drop = {
      action: "drop",
      sourceLabels: ["__name__"],
      separator: ";",
      regex: compileAnchored("go_.*"),
      targetLabel: "",
      replacement: "",
      modulus: 0,
    } as const;
    const came = await askerFor({ metricRelabel: [drop] }).scrape(signal);
    expect(told(came)).toEqual(['{"__name__":"kept"} 2']);
    expect(came.page).toMatchObject({ scraped: 2, kept: 1 });
  });

  test("beyond a limit is refused as a whole", async () => {
    const { limits } = jobOf();
    pageOf('a{b="cccc"} 1\nd 1\n');
    expect(await failure({ limits: { ...limits, samples: 1 } })).toContain("limit: more samples");
    expect(await failure({ limits: { ...limits, labelValueLength: 3 } })).toContain("limit: a has");
    expect(await failure({ limits: { ...limits, labels: 2 } })).toContain(
      "label_limit, which is 2",
    );
    expect(await failure({ limits: { ...limits, bodyBytes: 5 } })).toContain("too_large: ");
    room = 100;
    expect(await failure()).toContain("memory: no room");
  });

  test("that is none is refused", async () => {
    pageOf("<html>", "text/html");
    expect(await failure()).toContain("not_a_page: answers text/html");
    pageOf("what is this?\n");
    expect(await failure()).toContain("not_a_page: ");
    pageOf("a 1\n", "application/openmetrics-text");
    expect(await failure()).toContain("cut: ");
    answer = (_, response) => void response.writeHead(500).end();
    expect(await failure()).toBe("status: answers with status 500");
  });

  test("packed to a bomb is refused before it is read to its end", async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, `# ${"x".repeat(1000)}\n`));
    answer = (_, response) =>
      void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    expect(await failure()).toContain("too_large: ");
  });
});

test("who is not known to be an agent is asked", async () => {
  const node = new FakeNode("n1", NOW - 10_000);
  node.add(containerOf("/"), (tick) => ({ threads: tick }));
  node.pass(5);
  const asked: string[] = [];
  let isAgent = false;
  answer = (request, response) => {
    asked.push(request.url ?? "");
    const isFeed = request.url?.startsWith("/stats/feed") === true;
    if (isFeed && !isAgent) response.writeHead(404).end();
    else if (isFeed) {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.end(node.feed(undefined).join(""));
    } else if (isAgent) response.writeHead(500).end();
    else response.end("a 1\n");
  };
  const asker = askerFor({ kind: undefined });
  expect((await asker.scrape(signal)).kind).toBe("exposition");
  expect((await asker.scrape(signal)).kind).toBe("exposition");
  expect(asked).toEqual(["/stats/feed", "/metrics", "/metrics"]);
  // An agent has taken its place.
  isAgent = true;
  await expect(asker.scrape(signal)).rejects.toThrow("status 500");
  expect(await asker.scrape(signal)).toMatchObject({ kind: "agent", node: "n1", samples: 5 });
});

/** Two pages of a real cAdvisor, a few seconds apart; of its cgroups only two were kept, one renamed. */
async function recorded(number: 1 | 2): Promise<string> {
  return readFile(new URL(`../../fixtures/cadvisor-${number}.txt`, import.meta.url), "utf8");
}

test("cAdvisor's containers become containers of the model", async () => {
  const asker = askerFor();
  pageOf(await recorded(1));
  expect(await asker.scrape(signal)).toMatchObject({ containers: 2 });
  pageOf(await recorded(2));
  await asker.scrape(signal);
  // The same page again is nothing new.
  await asker.scrape(signal);
  const [root] = [...cluster.subjects(NOW)].filter(({ container }) => container.id === "/");
  expect([...cluster.nodes(NOW)][0]!.machine).toEqual({ cpu_cores: 2, memory_bytes: 25276502016 });
  expect(root!.ring.length).toBe(2);
  const { latest } = containerStats(root!, parseStatsQuery({}));
  const [cpu0, cpu1] = [480.926595889 - 475.485171704, 532.177649378 - 526.376372716];
  expect(latest["cpu_cores"]).toBeCloseTo((cpu0 + cpu1) / 7.604, 6);
  expect(latest["network_receive_bytes_per_second"]).toBe(0);
  expect(kept.flat().filter(({ container }) => container.id === "/")).toHaveLength(2);
});

/** Lines as a kubelet writes them: https://kubernetes.io/docs/reference/instrumentation/cri-pod-container-metrics/ */
function kubeletPage(cpu: number, timestamp = ""): string {
  const place = 'namespace="shop",pod="web-7d4b"';
  const of = (container: string, id: string): string =>
    `container="${container}",id="/kubepods/pod1${id}",image="i",name="${id}",${place}`;
  return [
    `container_cpu_usage_seconds_total{${of("app", "/c1")},cpu="total"} ${cpu} ${timestamp}`,
    `container_memory_working_set_bytes{${of("app", "/c1")}} 4096 ${timestamp}`,
    `container_memory_working_set_bytes{${of("POD", "/c2")}} 512 ${timestamp}`,
    `container_network_receive_bytes_total{${of("", "")},interface="eth0"} 10 ${timestamp}`,
    "",
  ].join("\n");
}

test.each(["", String(NOW - 500)])(
  "a kubelet's containers have their pod and namespace, with times or without (%s)",
  async (timestamp) => {
    const asker = askerFor({ kind: "kubelet" });
    pageOf(kubeletPage(10, timestamp));
    expect(await asker.scrape(signal)).toMatchObject({ kind: "kubelet", containers: 3 });
    const found = [...cluster.subjects(NOW)].map(({ container }) => container);
    const app = found.find(({ id }) => id === "/kubepods/pod1/c1");
    expect(app).toMatchObject({
      name: "app",
      groups: { namespace: "shop", pod: "web-7d4b" },
      labels: { "io.kubernetes.container.name": "app" },
    });
    const samples = kept.flat().find(({ container }) => container.id === app?.id);
    expect(samples?.times).toEqual([timestamp === "" ? NOW : NOW - 500]);
  },
);
