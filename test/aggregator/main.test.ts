import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { AggregatorConfig } from "../../aggregator/config.ts";
import { type Aggregator, startAggregator } from "../../aggregator/main.ts";
import { ConfigError } from "../../lib/errors.ts";
import { Parts } from "../../lib/lifecycle.ts";
import { noReloads } from "../../lib/surroundings.ts";
import type { ContainerStats } from "../../wire/stats/answer.ts";
import { type FakeAgent, FakeNode, startFakeAgent } from "./fakes/agent.ts";
import { containerOf } from "./fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const SECOND = 1e9;
const machine = containerOf("/");
const web = containerOf("/docker/web", { name: "web" });

let directory: string;
let logged: string[];
let ended: (() => Promise<void>)[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-aggregator-"));
  logged = [];
  ended = [];
});
afterEach(async () => {
  for (const end of ended.toReversed()) await end();
  await rm(directory, { recursive: true });
});

/** An agent whose containers use half a core and a core. */
async function agentOf(name: string): Promise<FakeAgent> {
  const node = new FakeNode(name, T0);
  node.add(machine, (tick) => ({ cpu_usage_nanoseconds: SECOND * tick }));
  node.add(web, (tick) => ({ cpu_usage_nanoseconds: 0.5 * SECOND * tick, threads: tick }));
  const agent = await startFakeAgent(node);
  ended.push(() => agent.cut());
  return agent;
}

interface Run extends Aggregator {
  readonly config: AggregatorConfig;
  stop(): Promise<void>;
}

/** Takes the log's lines, of which only the texts matter. */
function note(line: string): void {
  logged.push((JSON.parse(line) as { msg: string }).msg);
}

async function run(
  agents: readonly FakeAgent[],
  changed: Partial<AggregatorConfig> = {},
): Promise<Run> {
  const config: AggregatorConfig = {
    listen: "127.0.0.1:0",
    "web.config.file": undefined,
    "cluster.name": "lab",
    agents: agents.map(({ url }) => url),
    scrape_interval: 0.05,
    scrape_timeout: 5,
    global: undefined,
    scrape_configs: undefined,
    shard: undefined,
    scrape_series_memory: 1e8,
    "history.kind": "duckdb",
    "history.dir": join(directory, "history"),
    "history.max.bytes": undefined,
    "resolution.seconds": 1,
    retention: 1e9,
    "history.keep.15s": 1e9,
    "history.keep.1m": 1e9,
    "history.keep.10m": 1e9,
    "events.retention": 1e9,
    "events.dir": join(directory, "events"),
    "events.max.bytes": 1e8,
    "queue.dir": join(directory, "queue"),
    "queue.max.bytes": 1e8,
    "queue.max.age": 1e6,
    "influx.url": "",
    "influx.database": "k8s",
    "influx.username": undefined,
    "influx.password": undefined,
    "influx.password.file": undefined,
    "influx.token.file": undefined,
    "influx.policy": "default",
    "influx.retention": undefined,
    "influx.coarser": [],
    "influx.fields": "value",
    "influx.resolution": 15,
    "influx.labels": [],
    "influx.tls.ca.file": undefined,
    "influx.tls.insecure": false,
    remote_write: undefined,
    "remote.write.url": undefined,
    "remote.write.resolution": 15,
    ...changed,
  };
  const parts = new Parts();
  // All that happens in these tests happens in the fakes' own time.
  const clock = { now: () => T0 + 600_000, monotonic: () => performance.now() };
  const stop = (): Promise<void> => parts.close();
  ended.push(stop);
  const pageDirectory = join(directory, "page");
  const logger = pino({ level: "warn" }, { write: note });
  const aggregator = await startAggregator(config, {
    logger,
    parts,
    reloads: noReloads(),
    clock,
    pageDirectory,
  });
  return { ...aggregator, config, stop };
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
}

interface TargetAnswer {
  readonly url: string;
  readonly state: string;
  readonly failures: number;
  readonly gap_seconds: number;
  readonly error?: { readonly reason: string };
}

async function targetsOf({ url }: Aggregator): Promise<TargetAnswer[]> {
  return (await get<{ targets: TargetAnswer[] }>(`${url}/targets`)).targets;
}

/** The seconds at which the history has a sample of a container, with one value each. */
async function stored(
  { url }: Aggregator,
  name: string,
  node: string,
): Promise<[number, number][]> {
  const query = `start=2026-01-01T00:00:00Z&end=2026-01-01T00:10:00Z&step=1s&metrics=cpu_cores,threads`;
  const path = `${url}/stats/${encodeURIComponent(name)}?${query}&node=${node}&stat=max`;
  const response = await fetch(path);
  if (response.status === 404) return [];
  const { containers } = (await response.json()) as { containers: ContainerStats[] };
  const series = containers[0]?.series;
  return (series?.times ?? []).map((time, index) => [
    time - T0 / 1000,
    series?.values["threads"]?.["max"]?.[index] ?? Number.NaN,
  ]);
}

async function waitFor(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await isTrue()) return;
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain until ${what}`);
}

const every = (from: number, to: number): [number, number][] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, from + index]);

async function waitForSecond(aggregator: Aggregator, node: string, second: number): Promise<void> {
  await waitFor(`second ${second} of ${node} is stored`, async () => {
    return (await stored(aggregator, "web", node)).at(-1)?.[0] === second;
  });
}

describe("the aggregator", () => {
  test("answers for all nodes, now and in the past", async () => {
    const [first, second] = [await agentOf("n1"), await agentOf("n2")];
    first.node.pass(30);
    second.node.pass(30);
    const aggregator = await run([first, second]);
    await waitForSecond(aggregator, "n1", 30);
    await waitForSecond(aggregator, "n2", 30);
    const { containers } = await get<{ containers: ContainerStats[] }>(
      `${aggregator.url}/stats?name=web`,
    );
    expect(containers.map(({ node, latest }) => [node, latest["cpu_cores"]])).toEqual([
      ["n1", 0.5],
      ["n2", 0.5],
    ]);
    expect((await targetsOf(aggregator)).map(({ state }) => state)).toEqual(["up", "up"]);
    expect((await fetch(`${aggregator.url}/healthz`)).status).toBe(200);
    expect(logged).toEqual([]);
  });

  test("cut off from an agent for 40 s, misses not one second", async () => {
    const agent = await agentOf("n1");
    agent.node.pass(15);
    const aggregator = await run([agent]);
    await waitForSecond(aggregator, "n1", 15);
    await agent.cut();
    agent.node.pass(20);
    await waitFor("it has noticed", async () => (await targetsOf(aggregator))[0]!.failures > 1);
    agent.node.pass(20);
    await agent.heal();
    await waitForSecond(aggregator, "n1", 55);
    expect(await stored(aggregator, "web", "n1")).toEqual(every(1, 55));
    expect(await targetsOf(aggregator)).toMatchObject([{ state: "up", gap_seconds: 0 }]);
    expect(logged).toEqual(["cannot ask a target"]);
  });

  test("cut off in the middle of an answer, stores nothing twice and misses nothing", async () => {
    const agent = await agentOf("n1");
    agent.node.pass(15);
    const aggregator = await run([agent]);
    await waitForSecond(aggregator, "n1", 15);
    agent.node.pass(10);
    agent.misbehave = (reply) => {
      const lines = agent.node.feed("run1-15");
      // The line of the machine and half of the one of web.
      return reply.type("application/x-ndjson").send(lines.join("").slice(0, -200));
    };
    await waitFor("it was cut", async () => (await targetsOf(aggregator))[0]!.failures > 0);
    agent.misbehave = undefined;
    await waitForSecond(aggregator, "n1", 25);
    expect(await stored(aggregator, "web", "n1")).toEqual(every(1, 25));
  });

  test("restarted, goes on where it was: no second twice, none missing", async () => {
    const agent = await agentOf("n1");
    agent.node.pass(20);
    const before = await run([agent]);
    await waitForSecond(before, "n1", 20);
    await before.stop();
    agent.node.pass(35);
    const after = await run([agent]);
    await waitForSecond(after, "n1", 55);
    expect(await stored(after, "web", "n1")).toEqual(every(1, 55));
    // The very first rate after the restart is there too, and right.
    const { containers } = await get<{ containers: ContainerStats[] }>(
      `${after.url}/stats/web?start=2026-01-01T00:00:02Z&end=2026-01-01T00:10:00Z&metrics=cpu_cores`,
    );
    expect(containers[0]!.window["cpu_cores"]).toEqual({ avg: 0.5, max: 0.5, min: 0.5, p95: 0.5 });
    const { body } = { body: await (await fetch(`${after.url}/metrics`)).text() };
    expect(body).toContain("\nplimsoll_aggregator_history_samples_total 70\n");
    expect(await targetsOf(after)).toMatchObject([{ gap_seconds: 0 }]);
  });

  test("an agent that was restarted begins anew, its time away is counted", async () => {
    const agent = await agentOf("n1");
    agent.node.pass(10);
    const aggregator = await run([agent]);
    await waitForSecond(aggregator, "n1", 10);
    agent.node.restart("run2", 4);
    agent.node.pass(3);
    await waitForSecond(aggregator, "n1", 17);
    expect((await stored(aggregator, "web", "n1")).map(([second]) => second)).toEqual([
      ...every(1, 10).map(([second]) => second),
      15,
      16,
      17,
    ]);
    expect(await targetsOf(aggregator)).toMatchObject([{ gap_seconds: 4 }]);
    expect(logged).toEqual(["samples of a node are missing"]);
  });

  test("a container that is gone leaves what is now, and its past can be asked for", async () => {
    const agent = await agentOf("n1");
    agent.node.pass(10);
    const aggregator = await run([agent]);
    await waitForSecond(aggregator, "n1", 10);
    agent.node.pass(2);
    agent.node.remove(web.id);
    agent.node.pass(1);
    await waitFor(
      "it is gone",
      async () => (await fetch(`${aggregator.url}/stats/web`)).status === 404,
    );
    await waitForSecond(aggregator, "n1", 12);
    expect(await stored(aggregator, "web", "n1")).toEqual(every(1, 12));
  });

  test("takes another list of agents while it runs", async () => {
    const [first, second] = [await agentOf("n1"), await agentOf("n2")];
    first.node.pass(5);
    second.node.pass(5);
    const aggregator = await run([first]);
    await waitForSecond(aggregator, "n1", 5);
    await aggregator.reload({ ...aggregator.config, agents: [second.url] });
    await waitForSecond(aggregator, "n2", 5);
    expect((await targetsOf(aggregator)).map(({ url }) => url)).toEqual([second.url]);
    const asked = first.node.asked.length;
    await waitForSecond(aggregator, "n2", 5);
    expect(first.node.asked.length).toBe(asked);
  });

  test("keeps nothing where no history is wanted", async () => {
    const agent = await agentOf("n1");
    agent.node.pass(5);
    const aggregator = await run([agent], { "history.kind": "none" });
    await waitFor("it is there", async () => (await fetch(`${aggregator.url}/stats/web`)).ok);
    const response = await fetch(`${aggregator.url}/stats?start=-1h`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("set history.kind to keep one");
  });

  test("says what to put right", async () => {
    await writeFile(join(directory, "file"), "");
    await expect(run([], { "history.dir": join(directory, "file") })).rejects.toThrow(ConfigError);
    await run([]);
    expect(logged).toEqual(["nothing to scrape; set agents or scrape_configs"]);
  });

  test("refuses parameters that it does not know", async () => {
    const { url } = await run([]);
    const response = await fetch(`${url}/stats?metric=cpu_cores`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      statusCode: 400,
      error: "Bad Request",
      message: expect.stringContaining('"metric"') as string,
    });
  });

  test("describes every route, and serves the page", async () => {
    await import("node:fs/promises").then(({ mkdir }) => mkdir(join(directory, "page")));
    await writeFile(join(directory, "page", "index.html"), "<!doctype html><title>page</title>");
    await writeFile(join(directory, "page", "page.js"), "1");
    const { url } = await run([]);
    const { paths } = await get<{ paths: Record<string, unknown> }>(`${url}/openapi.json`);
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(["/stats", "/targets", "/metrics", "/healthz"]),
    );
    const page = await fetch(`${url}/`);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(await page.text()).toContain("<title>page</title>");
    expect((await fetch(`${url}/page.js`)).status).toBe(200);
    expect((await fetch(`${url}/../package.json`)).status).toBe(404);
  });
});
