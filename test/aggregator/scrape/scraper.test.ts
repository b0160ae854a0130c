import { pino } from "pino";
import { Registry } from "prom-client";
import { beforeEach, describe, expect, test } from "vitest";

import type { Batch } from "../../../aggregator/model/batch.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { AgentAsker } from "../../../aggregator/scrape/agent.ts";
import { createScrapeCounters } from "../../../aggregator/scrape/counters.ts";
import { ScrapeError } from "../../../aggregator/scrape/failure.ts";
import { Intake } from "../../../aggregator/scrape/intake.ts";
import { Owners } from "../../../aggregator/scrape/owners.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import type { ReadFeed } from "../../../aggregator/scrape/read-feed.ts";
import { Scraper } from "../../../aggregator/scrape/scraper.ts";
import type { Scraped } from "../../../aggregator/scrape/series/scraped.ts";
import { SeriesRooms } from "../../../aggregator/scrape/series/series-room.ts";
import { Slots } from "../../../aggregator/scrape/slots.ts";
import { PLAIN_PEER } from "../../../lib/http/peer-settings.ts";
import { openPeer } from "../../../lib/http/peer.ts";
import { FakeNode } from "../fakes/agent.ts";
import { containerOf } from "../fakes/samples.ts";
import { jobOf, targetOf } from "../fakes/targets.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const { signal } = new AbortController();
const web = containerOf("/docker/web");

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines;
}

function nodeWithWeb(name: string): FakeNode {
  const node = new FakeNode(name, T0);
  node.add(web, (tick) => ({ threads: tick }));
  return node;
}

/** A scraper that is never late. */
class BenchScraper extends Scraper {
  now(signalled: AbortSignal): Promise<number> {
    return this.scrape(signalled, 0);
  }
}

/** Scrapers that reach nodes without a network: a URL that is not in `nodes` is down. */
class Bench {
  readonly nodes = new Map<string, FakeNode>();
  readonly kept: Batch[] = [];
  readonly logged: string[] = [];
  readonly registry = new Registry();
  readonly cluster = new Cluster();
  now = T0;
  readonly scraped: Scraped[] = [];
  readonly #owners = new Owners();
  readonly #counters = createScrapeCounters(this.registry);

  scraperOf(host: string): BenchScraper {
    const options = {
      counters: this.#counters,
      clock: { now: () => this.now, monotonic: () => this.now },
      logger: pino(
        { base: null },
        { write: (line: string) => void this.logged.push(JSON.parse(line).msg) },
      ),
    };
    const read: ReadFeed = async (_, cursor) => {
      const node = this.nodes.get(host);
      if (node === undefined) throw new ScrapeError("unreachable", "cannot reach it");
      const feed = await parseFeed(each(node.feed(cursor)));
      return cursor === undefined ? feed : { ...feed, since: cursor };
    };
    const target = targetOf(`http://${host}/metrics`, jobOf({ kind: "agent" }));
    const asker = new AgentAsker(host, read, {
      ...options,
      peer: openPeer(PLAIN_PEER),
      cluster: this.cluster,
      deliver: (batch) => void this.kept.push(batch),
      intake: new Intake(() => Number.POSITIVE_INFINITY),
      owners: this.#owners,
      seriesRoom: () => new SeriesRooms<string>(1e9).open(""),
    });
    const turns = { proven: new Slots(9, 9), trial: new Slots(9, 9) };
    const sink = { take: (scraped: Scraped) => void this.scraped.push(scraped) };
    return new BenchScraper(target, asker, { ...options, sink, turns });
  }

  /** The seconds of all samples that were handed on. */
  seconds(): number[] {
    return this.kept.flat().flatMap(({ times }) => times.map((time) => (time - T0) / 1000));
  }

  async metric(line: RegExp): Promise<string | undefined> {
    return line.exec(await this.registry.metrics())?.[1];
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("asking an agent", () => {
  let node: FakeNode;
  let bench: Bench;
  let scraper: BenchScraper;
  beforeEach(() => {
    node = nodeWithWeb("n1");
    bench = new Bench();
    bench.nodes.set("a", node);
    scraper = bench.scraperOf("a");
  });

  test("begins with everything, then asks for what is new", async () => {
    node.pass(20);
    expect(await scraper.now(signal)).toBe(0);
    node.pass(15);
    await scraper.now(signal);
    expect(node.asked).toEqual([undefined, "run1-20"]);
    expect(bench.seconds()).toEqual(range(1, 35));
    expect(scraper.state).toMatchObject({
      health: "up",
      node: "n1",
      samples: 15,
      containers: 1,
      failures: 0,
      gapSeconds: 0,
    });
  });

  test("cut off for 40 s, has every second just once afterwards", async () => {
    node.pass(15);
    await scraper.now(signal);
    bench.nodes.delete("a");
    node.pass(20);
    expect(await scraper.now(signal)).toBe(1);
    expect(await scraper.now(signal)).toBe(2);
    node.pass(20);
    bench.nodes.set("a", node);
    expect(await scraper.now(signal)).toBe(0);
    expect(bench.seconds()).toEqual(range(1, 55));
    expect(scraper.state.gapSeconds).toBe(0);
    // Once for each change, however often it fails in between.
    expect(bench.logged).toEqual(["cannot ask a target", "a target is back"]);
  });

  test("cut off for longer than agents keep, counts the seconds that are missing", async () => {
    node.pass(10);
    await scraper.now(signal);
    node.pass(100);
    await scraper.now(signal);
    expect(bench.seconds()).toEqual([...range(1, 10), ...range(50, 110)]);
    expect(scraper.state).toMatchObject({
      gapSeconds: 39,
      lastGap: { start: T0 + 10_000, end: T0 + 49_000, cause: "not_reached" },
    });
    expect(
      await bench.metric(
        /^plimsoll_aggregator_gap_seconds_total\{node="n1",cause="not_reached"\} (.*)$/m,
      ),
    ).toBe("39");
    expect(bench.logged).toEqual(["samples of a node are missing"]);
  });

  test("says what failed and counts it by reason", async () => {
    bench.nodes.delete("a");
    bench.now += 5000;
    await scraper.now(signal);
    expect(scraper.state).toMatchObject({
      health: "down",
      lastScrape: T0 + 5000,
      error: { reason: "unreachable", message: "cannot reach it" },
    });
    const failures = /^plimsoll_aggregator_scrape_failures_total\{reason="unreachable"\} (.*)$/m;
    expect(await bench.metric(failures)).toBe("1");
    bench.nodes.set("a", node);
    await scraper.now(signal);
    expect(scraper.state).not.toHaveProperty("error");
  });

  test("asks for everything when the agent speaks of containers that we let go of", async () => {
    node.pass(5);
    await scraper.now(signal);
    bench.cluster.forget(T0 + 400_000);
    node.pass(5);
    expect(await scraper.now(signal)).toBe(0);
    expect(node.asked).toEqual([undefined, "run1-5", undefined]);
    expect([...bench.cluster.subjects(T0)]).toHaveLength(1);
  });

  test("what the end of the program broke off is no failure", async () => {
    bench.nodes.delete("a");
    await scraper.now(AbortSignal.abort());
    expect(scraper.state).toMatchObject({ health: "unknown", failures: 0 });
  });
});

describe("two agents of one name", () => {
  test("are not mixed: the first one speaks, the other one is told", async () => {
    const bench = new Bench();
    const [first, second] = [nodeWithWeb("same"), nodeWithWeb("same")];
    bench.nodes.set("a", first).set("b", second);
    const [a, b] = [bench.scraperOf("a"), bench.scraperOf("b")];
    first.pass(3);
    second.pass(4);
    await a.now(signal);
    await b.now(signal);
    expect(b.state.error).toEqual({
      reason: "same_node",
      message: "calls itself same, as a does; give each agent its own --node",
    });
    expect(bench.seconds()).toEqual(range(1, 3));
    // Once the first one is away, the other one may be its successor at another address.
    bench.nodes.delete("a");
    await a.now(signal);
    expect(await b.now(signal)).toBe(0);
    expect(bench.seconds()).toEqual(range(1, 4));
  });
});
