import { describe, expect, test } from "vitest";

import type { Batch } from "../../../aggregator/model/batch.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import type { Feed } from "../../../aggregator/model/feed.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import { allStats } from "../../../wire/metrics/all.ts";
import { FakeNode } from "../fakes/agent.ts";
import { containerOf } from "../fakes/samples.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const SECOND = 1e9;
const web = containerOf("/docker/web", { name: "web" });

async function feedOf(node: FakeNode, cursor?: string): Promise<Feed> {
  async function* lines(): AsyncIterable<string> {
    yield* node.feed(cursor);
  }
  return parseFeed(lines());
}

/** A node with one container that uses half a core. */
function nodeWithWeb(): FakeNode {
  const node = new FakeNode("n1", T0);
  node.add(web, (tick) => ({ cpu_usage_nanoseconds: 0.5 * SECOND * tick, threads: tick }));
  return node;
}

function column(batch: Batch, stat: string): number[] {
  const index = allStats.findIndex(({ name }) => name === stat);
  return batch.flatMap(({ rows }) => rows.map((row) => row[index]!));
}

const secondsOf = (batch: Batch): number[] =>
  batch.flatMap(({ times }) => times.map((time) => (time - T0) / 1000));

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const namesOf = (cluster: Cluster, now: number): string[] =>
  [...cluster.subjects(now)].map(({ container }) => container.name);

describe("taking feeds in", () => {
  test("makes rates from each sample and the one before it, over the borders of answers", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(15);
    const first = cluster.apply(await feedOf(node), node.time);
    node.pass(15);
    const second = cluster.apply(await feedOf(node, "run1-15"), node.time);
    expect(secondsOf(first.batch)).toEqual(range(1, 15));
    expect(secondsOf(second.batch)).toEqual(range(16, 30));
    expect(column(first.batch, "cpu_cores")).toEqual([Number.NaN, ...Array(14).fill(0.5)]);
    expect(column(second.batch, "cpu_cores")).toEqual(Array(15).fill(0.5));
    expect(second).not.toHaveProperty("gap");
  });

  test("takes the same answer twice only once", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(10);
    expect(cluster.apply(await feedOf(node), node.time).samples).toBe(10);
    expect(cluster.apply(await feedOf(node), node.time).samples).toBe(0);
    node.pass(5);
    expect(secondsOf(cluster.apply(await feedOf(node), node.time).batch)).toEqual(range(11, 15));
  });

  test("after a restart of ours fills the live window, but hands on only what is not stored", async () => {
    const node = nodeWithWeb();
    node.pass(40);
    const cluster = new Cluster(new Map([["n1", new Map([[web.id, T0 + 25_000]])]]));
    const { batch, gap } = cluster.apply(await feedOf(node), node.time);
    expect(secondsOf(batch)).toEqual(range(26, 40));
    expect(column(batch, "cpu_cores")).toEqual(Array(15).fill(0.5));
    expect(gap).toBeUndefined();
    expect([...cluster.subjects(node.time)][0]!.ring.length).toBe(40);
  });

  test("after a restart of ours stores what follows a clock that ran ahead and was put right", async () => {
    const node = nodeWithWeb();
    node.pass(40);
    const ahead = T0 + 300_000;
    const cluster = new Cluster(new Map([["n1", new Map([[web.id, ahead]])]]));
    expect(secondsOf(cluster.apply(await feedOf(node), node.time).batch)).toEqual(range(1, 40));
    // Nor is anything lost when the time comes by what is stored.
    for (let tick = 40; tick < 360; tick += 40) {
      node.pass(40);
      const { batch } = cluster.apply(await feedOf(node, `run1-${tick}`), node.time);
      expect(secondsOf(batch)).toEqual(range(tick + 1, tick + 40));
    }
  });

  test("names a gap, and invents nothing for it", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(10);
    cluster.apply(await feedOf(node), node.time);
    node.pass(100);
    const { batch, gap } = cluster.apply(await feedOf(node, "run1-10"), node.time);
    // 61 samples are kept: 50 … 110.
    expect(secondsOf(batch)).toEqual(range(50, 110));
    expect(gap).toEqual({ start: T0 + 10_000, end: T0 + 49_000, cause: "not_reached" });
    expect(column(batch, "cpu_cores")).toEqual([Number.NaN, ...Array(60).fill(0.5)]);
  });

  test("believes an agent that has told all, even where its clock was set ahead", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(10);
    cluster.apply(await feedOf(node), node.time);
    node.time += 3_600_000;
    node.pass(5);
    const { head, lines } = await feedOf(node, "run1-10");
    const feed = { head: { ...head, complete: true }, lines, since: "run1-10" };
    const { samples, gap } = cluster.apply(feed, node.time);
    expect(samples).toBe(5);
    expect(gap).toBeUndefined();
  });

  test("a restarted agent begins anew, and its time away is a gap", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(20);
    cluster.apply(await feedOf(node), node.time);
    node.restart("run2", 3);
    node.pass(5);
    const { batch, gap } = cluster.apply(await feedOf(node, "run1-20"), node.time);
    expect(secondsOf(batch)).toEqual(range(24, 28));
    expect(column(batch, "cpu_cores")[0]).toBeNaN();
    expect(gap).toEqual({ start: T0 + 20_000, end: T0 + 23_000, cause: "agent_restarted" });
  });

  test("a node whose clock is set back is neither lost nor stored twice", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(10);
    cluster.apply(await feedOf(node), node.time);
    node.time -= 3_600_000;
    node.pass(5);
    const { samples, gap } = cluster.apply(await feedOf(node, "run1-10"), node.time);
    expect(samples).toBe(5);
    expect(gap).toBeUndefined();
    expect(namesOf(cluster, node.time)).toEqual(["web"]);
  });

  test("columns of another version find their place, unknown ones are left out", async () => {
    const node = nodeWithWeb();
    const known = node.columns;
    node.columns = known.map((name) => (name === "threads" ? "tentacles" : name));
    node.pass(3);
    const { batch } = new Cluster().apply(await feedOf(node), node.time);
    expect(column(batch, "threads")).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(column(batch, "cpu_cores").slice(1)).toEqual([0.5, 0.5]);
  });

  test("a counter that went back gives no rate", async () => {
    const node = new FakeNode("n1", T0);
    node.add(web, (tick) => ({ cpu_usage_nanoseconds: tick === 3 ? 0 : tick * SECOND }));
    node.pass(5);
    const { batch } = new Cluster().apply(await feedOf(node), node.time);
    expect(column(batch, "cpu_cores")).toEqual([Number.NaN, 1, Number.NaN, 4, 1]);
  });
});

describe("what runs now", () => {
  test("a container that is gone leaves, and its last samples are handed on", async () => {
    const node = nodeWithWeb();
    node.add(containerOf("/", { name: "/" }), () => ({ threads: 1 }));
    const cluster = new Cluster();
    node.pass(10);
    cluster.apply(await feedOf(node), node.time);
    node.pass(3);
    node.remove(web.id);
    node.pass(2);
    const { batch } = cluster.apply(await feedOf(node, "run1-10"), node.time);
    const ofWeb = batch.filter(({ container }) => container.id === web.id);
    expect(secondsOf(ofWeb)).toEqual([11, 12, 13]);
    expect(namesOf(cluster, node.time)).toEqual(["/"]);
    // Its end is told once more to whoever asks without a cursor.
    expect(cluster.apply(await feedOf(node), node.time).samples).toBe(0);
    expect(namesOf(cluster, node.time)).toEqual(["/"]);
  });

  test("another container may take the path of one that is gone, in one answer", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(5);
    cluster.apply(await feedOf(node), node.time);
    node.pass(3);
    node.remove(web.id);
    node.add({ ...web, name: "web-2" }, (tick) => ({ threads: tick }));
    node.pass(4);
    const { batch } = cluster.apply(await feedOf(node, "run1-5"), node.time);
    expect(secondsOf(batch)).toEqual(range(6, 12));
    expect(column(batch, "cpu_cores")).toEqual([0.5, 0.5, 0.5, ...Array(4).fill(Number.NaN)]);
    expect(namesOf(cluster, node.time)).toEqual(["web-2"]);
  });

  test("a container that a restarted agent no longer has leaves after half a minute", async () => {
    const node = nodeWithWeb();
    node.add(containerOf("/", { name: "/" }), () => ({ threads: 1 }));
    const cluster = new Cluster();
    node.pass(5);
    cluster.apply(await feedOf(node), node.time);
    node.remove(web.id);
    node.restart("run2", 1);
    node.pass(20);
    cluster.apply(await feedOf(node), node.time);
    expect(namesOf(cluster, node.time)).toEqual(["web", "/"]);
    node.pass(20);
    cluster.apply(await feedOf(node, "run2-20"), node.time);
    expect(namesOf(cluster, node.time)).toEqual(["/"]);
  });

  test("a silent node shows for five minutes with the time of its last sample, then no more", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(5);
    const heard = node.time;
    cluster.apply(await feedOf(node), heard);
    expect(namesOf(cluster, heard + 299_000)).toEqual(["web"]);
    expect([...cluster.nodes(heard + 299_000)]).toMatchObject([{ node: "n1", lastTime: heard }]);
    expect(namesOf(cluster, heard + 301_000)).toEqual([]);
    expect([...cluster.nodes(heard + 301_000)]).toEqual([]);
  });

  test("what was let go of is a stranger until it says who it is", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(5);
    cluster.apply(await feedOf(node), node.time);
    cluster.forget(node.time + 301_000);
    node.pass(5);
    const feed = await feedOf(node, "run1-5");
    expect(cluster.strangersIn(feed).map(({ id }) => id)).toEqual([web.id]);
    expect(cluster.apply(feed, node.time).samples).toBe(0);
    expect(cluster.strangersIn(await feedOf(node))).toEqual([]);
  });

  test("shows who a container is by now", async () => {
    const node = nodeWithWeb();
    const cluster = new Cluster();
    node.pass(5);
    cluster.apply(await feedOf(node), node.time);
    node.describe({ ...web, name: "renamed" });
    node.pass(1);
    const { batch } = cluster.apply(await feedOf(node, "run1-5"), node.time);
    expect(batch[0]?.container.name).toBe("renamed");
    expect(namesOf(cluster, node.time)).toEqual(["renamed"]);
  });
});
