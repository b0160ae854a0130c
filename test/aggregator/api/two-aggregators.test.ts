import { type FastifyInstance, fastify } from "fastify";
import { Registry } from "prom-client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { stats } from "../../../aggregator/api/stats.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { SeriesStore } from "../../../aggregator/scrape/series/series-store.ts";
import { LEVELS } from "../../../wire/levels.ts";
import type { FakeNode } from "../fakes/agent.ts";
import { feedOf, twoNodes } from "../fakes/fleet.ts";
import { noEvents } from "../fakes/no-events.ts";

let apps: FastifyInstance[];

async function appOf(cluster: Cluster, now: number): Promise<FastifyInstance> {
  const app = fastify();
  await stats(app, {
    clusterName: "lab",
    sinks: () => [],
    cluster,
    events: noEvents,
    history: undefined,
    targets: () => [],
    series: new SeriesStore(1e6),
    jobs: () => [],
    registry: new Registry(),
    clock: { now: () => now, monotonic: () => now },
    pageDirectory: "",
  });
  return app;
}

/** What an aggregator asks a node for: how many seconds back, so that answers may overlap. */
async function ask(cluster: Cluster, node: FakeNode, back: number): Promise<void> {
  cluster.apply(await feedOf(node, Math.max(0, node.tick - back)), node.time);
}

/** One asks both every 10 s in order; the other when it likes, in turn, and has some seconds twice. */
beforeAll(async () => {
  const nodes = twoNodes();
  const [one, other] = [new Cluster(), new Cluster()];
  for (let turn = 1; turn <= 9; turn++) {
    for (const node of nodes) node.pass(10);
    for (const node of nodes) await ask(one, node, 10);
    if (turn % 3 !== 1) await ask(other, nodes[1], 35);
    if (turn % 3 !== 2) await ask(other, nodes[0], 60);
  }
  const now = nodes[1].time;
  apps = [await appOf(one, now), await appOf(other, now)];
});
afterAll(() => Promise.all(apps.map((app) => app.close())));

/** Numbers to ten digits: the order of a sum may differ. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(10)) : value;
}

test.for(["container", ...LEVELS])("two aggregators say the same at level %s", async (level) => {
  const answers = await Promise.all(
    apps.map((app) => app.inject(`/stats?level=${level}&step=5s&window=40s`)),
  );
  const [one, other] = answers.map(({ body }) => JSON.parse(body, rounded) as object);
  expect(answers[0]!.statusCode).toBe(200);
  expect(other).toEqual(one);
});
