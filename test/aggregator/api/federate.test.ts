import { type FastifyInstance, fastify } from "fastify";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { federate } from "../../../aggregator/api/federate.ts";
import type { ClusterView } from "../../../aggregator/api/route.ts";
import type { Target } from "../../../aggregator/jobs/target.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { endOf, scrapedOf } from "../../../aggregator/scrape/series/report.ts";
import { keyOf, type Scraped, type SeriesPage } from "../../../aggregator/scrape/series/scraped.ts";
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import { noEvents } from "../fakes/no-events.ts";
import { jobOf, targetOf } from "../fakes/targets.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const MINUTE = 60_000;

let app: FastifyInstance;
let store: SeriesStore;
let now: number;
beforeEach(async () => {
  app = fastify();
  store = new SeriesStore(1e6);
  now = T0;
  const view: ClusterView = {
    clusterName: "lab",
    sinks: () => [],
    cluster: new Cluster(),
    events: noEvents,
    history: undefined,
    targets: () => [],
    series: store,
    jobs: () => [],
    registry: new Registry(),
    clock: { now: () => now, monotonic: () => now },
    pageDirectory: "",
  };
  await federate(app, view);
});
afterEach(() => app.close());

/** A scrape at `now` of a page with these series, each of value 1; undefined: the target is down. */
function scrape(
  target: Target,
  before: Scraped | undefined,
  names: readonly string[] | undefined,
): Scraped {
  const time = now;
  const series = (names ?? []).map((name) => {
    const labels = { __name__: name, ...target.labels };
    return [keyOf(labels), { labels, value: 1, time, isTimed: false }] as const;
  });
  const { length } = series;
  const page: SeriesPage = { series: new Map(series), scraped: length, kept: length };
  const isUp = names !== undefined;
  const outcome = { target, time, isUp, duration: 5, samples: 0, ...(isUp ? { page } : {}) };
  const scraped = scrapedOf(outcome, before);
  store.take(scraped);
  return scraped;
}

async function told(selector: string): Promise<string[]> {
  const { body } = await app.inject({ url: "/federate", query: { "match[]": selector } });
  return body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

const staleOf = ({ stale }: Scraped): (string | undefined)[] =>
  stale.map(({ __name__: name }) => name);

describe("a series that goes and comes back", () => {
  const target = targetOf("http://a:1/metrics");
  const a = `a{instance="a:1",job="test"} 1`;
  const b = `b{instance="a:1",job="test"} 1`;

  test("ends where it is missing, and begins anew", async () => {
    const first = scrape(target, undefined, ["a", "b"]);
    expect(await told('{__name__=~"a|b"}')).toEqual([`${a} ${T0}`, `${b} ${T0}`]);
    now += MINUTE;
    const second = scrape(target, first, ["a"]);
    expect(staleOf(second)).toEqual(["b"]);
    expect(await told('{__name__=~"a|b"}')).toEqual([`${a} ${now}`]);
    now += MINUTE;
    const third = scrape(target, second, ["a", "b"]);
    expect(staleOf(third)).toEqual([]);
    expect(await told("b")).toEqual([`${b} ${now}`]);
    expect(await told("scrape_series_added")).toEqual([
      `scrape_series_added{instance="a:1",job="test"} 1 ${now}`,
    ]);
  });

  test("ends with its target, of which only `up` and the like stay", async () => {
    const up = scrape(target, undefined, ["a"]);
    now += MINUTE;
    const down = scrape(target, up, undefined);
    expect(staleOf(down)).toEqual(["a"]);
    expect(await told("a")).toEqual([]);
    expect(await told("up")).toEqual([`up{instance="a:1",job="test"} 0 ${now}`]);
    now += MINUTE;
    expect(staleOf(scrape(target, down, ["a"]))).toEqual([]);
    expect(await told("a")).toEqual([`${a} ${now}`]);
  });

  test("is shown no more five minutes after it was told last, and `up` ends with its target", async () => {
    const last = scrape(target, undefined, ["a"]);
    now += 5 * MINUTE;
    expect(await told("a")).toHaveLength(1);
    now += 1;
    expect(await told("a")).toEqual([]);
    expect(staleOf(endOf(last, now))).toContain("up");
    store.forget(target);
    expect(store.bytes).toBe(0);
  });
});

test("external labels are added where there is none of their name, and `instance` always", async () => {
  const externalLabels = { region: "eu", job: "other", instance: "outside" };
  scrape(targetOf("http://a:1/", jobOf({ externalLabels })), undefined, ["a"]);
  const { labels: _, ...bare } = targetOf("http://b:1/");
  scrape({ ...bare, labels: {} }, undefined, ["b"]);
  expect(await told("a")).toEqual([`a{instance="a:1",job="test",region="eu"} 1 ${T0}`]);
  expect(await told("b")).toEqual([`b{instance=""} 1 ${T0}`]);
  // They are for others: what is asked for is what was scraped.
  expect(await told('{region="eu"}')).toEqual([]);
});
