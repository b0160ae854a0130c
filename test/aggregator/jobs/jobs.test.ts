import { afterEach, expect, test } from "vitest";

import type { Discovery, TargetGroup } from "../../../aggregator/discovery/discovery.ts";
import { agentsJob } from "../../../aggregator/jobs/agents.ts";
import type { Job } from "../../../aggregator/jobs/job.ts";
import { Jobs } from "../../../aggregator/jobs/jobs.ts";
import type { Shard } from "../../../aggregator/jobs/shard.ts";
import type { Target } from "../../../aggregator/jobs/target.ts";
import { discoveryContext } from "../discovery/suite.ts";

/** A discovery in the hand of a test. */
class FakeDiscovery implements Discovery {
  found: ((groups: readonly TargetGroup[]) => void) | undefined;
  closed = false;

  start(found: (groups: readonly TargetGroup[]) => void): void {
    this.found = found;
  }

  say(...addresses: readonly string[]): void {
    const targets = addresses.map((address) => ({ __address__: address }));
    this.found?.([{ source: "s", labels: {}, targets }]);
  }

  state(): ReturnType<Discovery["state"]> {
    return { kind: "fake", where: "here", targets: 0, failures: 3, trouble: "cannot look" };
  }

  close(): void {
    this.closed = true;
  }
}

let running: Jobs | undefined;
afterEach(() => running?.close());

function jobOf(name: string, discovery: Discovery, change: Partial<Job> = {}): Job {
  const job = agentsJob([], { interval: 1000, timeout: 1000 });
  return { ...job, name, discoveries: [() => discovery], ...change };
}

/** Starts jobs; `urls` are the targets said last. */
function start(jobs: readonly Job[], shard?: Shard): { jobs: Jobs; urls: () => string[] } {
  let last: readonly Target[] = [];
  const { clock, logger, folder } = discoveryContext();
  const found = (targets: readonly Target[]): void => void (last = targets);
  running = new Jobs({ clock, logger, folder, shard, found });
  running.set(jobs);
  return { jobs: running, urls: () => last.map(({ url }) => url) };
}

test("what any discovery finds is a target, soon after", async () => {
  const [a, b] = [new FakeDiscovery(), new FakeDiscovery()];
  const { urls } = start([jobOf("a", a), jobOf("b", b)]);
  expect(urls()).toEqual([]);
  a.say("x:1", "x:2");
  b.say("y:1");
  await expect
    .poll(urls, { timeout: 10_000 })
    .toEqual(["http://x:1/metrics", "http://x:2/metrics", "http://y:1/metrics"]);
  a.say();
  await expect.poll(urls, { timeout: 10_000 }).toEqual(["http://y:1/metrics"]);
});

test("targets stay while a job is configured anew, by its new rules", async () => {
  const [before, after] = [new FakeDiscovery(), new FakeDiscovery()];
  const { jobs, urls } = start([jobOf("a", before)]);
  before.say("x:1");
  await expect.poll(urls, { timeout: 10_000 }).toEqual(["http://x:1/metrics"]);
  jobs.set([jobOf("a", after, { metricsPath: "/other" })]);
  expect(urls()).toEqual(["http://x:1/other"]);
  expect(before.closed).toBe(true);
  before.say("x:9");
  after.say("x:2");
  await expect.poll(urls, { timeout: 10_000 }).toEqual(["http://x:2/other"]);
});

test("a job that is taken away takes its targets along", async () => {
  const discovery = new FakeDiscovery();
  const { jobs, urls } = start([jobOf("a", discovery)]);
  discovery.say("x:1");
  await expect.poll(urls, { timeout: 10_000 }).toHaveLength(1);
  jobs.set([]);
  expect(urls()).toEqual([]);
  expect(jobs.states()).toEqual([]);
});

test("the files of a job stand in the folder of the configuration", async () => {
  const discovery = new FakeDiscovery();
  const credentials = { file: "token" };
  const peer = { authorization: { type: "Bearer", credentials }, followRedirects: true };
  const { jobs, urls } = start([jobOf("a", discovery, { peer })]);
  discovery.say("x:1");
  await expect.poll(urls, { timeout: 10_000 }).toHaveLength(1);
  const [target] = jobs.states()[0]!.targets;
  expect(target?.job.peer.authorization?.credentials).toEqual({ file: "/nowhere/token" });
});

test("says how it goes", async () => {
  const discovery = new FakeDiscovery();
  const { jobs, urls } = start([jobOf("a", discovery)]);
  discovery.say("x:1", "http://x");
  await expect.poll(urls, { timeout: 10_000 }).toHaveLength(1);
  expect(jobs.states()).toMatchObject([
    {
      name: "a",
      discoveries: [{ kind: "fake", failures: 3, trouble: "cannot look" }],
      targets: [{ url: "http://x:1/metrics" }],
      dropped: [{ trouble: "__address__ is not HOST:PORT" }],
      droppedCount: 1,
    },
  ]);
});

test("a shard has its share alone", async () => {
  const addresses = Array.from({ length: 20 }, (_, index) => `h-${index}:1`);
  const shares: string[][] = [];
  for (const number of [1, 2]) {
    const discovery = new FakeDiscovery();
    const { urls, jobs } = start([jobOf("a", discovery)], { number, of: 2 });
    discovery.say(...addresses);
    await expect.poll(() => urls().length, { timeout: 10_000 }).toBeGreaterThan(0);
    shares.push(urls());
    await jobs.close();
  }
  expect(shares.flat().toSorted()).toEqual(
    addresses.map((address) => `http://${address}/metrics`).toSorted(),
  );
});
