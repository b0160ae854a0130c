import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { pino } from "pino";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, it } from "vitest";

import type { Agent } from "../../../aggregator/events/agent.ts";
import { createEventCounters } from "../../../aggregator/events/counters.ts";
import { ClusterEvents } from "../../../aggregator/events/events.ts";
import { systemClock } from "../../../lib/clock.ts";
import { addJournalRoute } from "../../../lib/http/journal-route.ts";
import { PLAIN_PEER } from "../../../lib/http/peer-settings.ts";
import { createHttpServer, listen } from "../../../lib/http/server.ts";
import { Journal } from "../../../lib/journal/journal.ts";
import { pack } from "../../../lib/journal/packed.ts";
import type { EventType, NewEvent } from "../../../wire/events/event.ts";
import type { EventLog } from "../../../wire/events/log.ts";
import { checkId, parseEventQuery } from "../../../wire/events/query.ts";
import { until } from "../../testbed/wait.ts";

const ALL = {
  start: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
  after: undefined,
  limit: 100_000,
};
const logger = pino({ level: "silent" });

let directory: string;
let registry: Registry;
let ended: (() => Promise<void>)[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-cluster-events-"));
  registry = new Registry();
  ended = [];
});
afterEach(async () => {
  for (const end of ended.toReversed()) await end();
  await rm(directory, { recursive: true });
});

/** A fake agent: the real route over a log that the test writes. */
async function startFake(node: string, log: EventLog): Promise<Agent> {
  const app = await createHttpServer({
    title: "fake agent",
    description: "Its events only.",
    version: "0",
    logger,
    ready: () => true,
  });
  const head = { node };
  const schema = { querystring: { type: "object", additionalProperties: true } };
  const route = { path: "/events", schema, journal: log, parse: parseEventQuery, checkId, head };
  addJournalRoute(app, route);
  const server = await listen(app, "127.0.0.1:0", logger);
  ended.push(async () => server.close());
  return {
    url: server.url,
    peer: PLAIN_PEER,
    node,
    health: "up",
    failures: 0,
    lastSuccess: Date.now() + 1e9,
    trouble: undefined,
    interval: 1000,
  };
}

const newLog = (recent?: number): EventLog =>
  new Journal({ startedAt: 0, ...(recent === undefined ? {} : { recent }) });

function eventOf(node: string, second: number, type: EventType = "started"): NewEvent {
  const container = { name: `web-${second}`, labels: {}, groups: {} };
  const time = new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
  return { time, node, type, container, details: {} };
}

async function openCluster(agents: () => readonly Agent[]): Promise<ClusterEvents> {
  registry = new Registry();
  const events = await ClusterEvents.open({
    clusterName: "lab",
    directory,
    maxBytes: 1e8,
    maxAge: 1e12,
    agents,
    measured: () => [],
    running: () => [],
    counters: createEventCounters(registry),
    clock: systemClock,
    logger,
  });
  events.start();
  return events;
}

/** What the cluster's log has of containers, as `node name`. */
async function namesIn({ log }: ClusterEvents): Promise<string[]> {
  const found = await log.query({ ...ALL, matches: ({ container }) => container !== undefined });
  return found.map(({ event }) => `${event.node} ${event.container?.name}`);
}

async function has(events: ClusterEvents, count: number): Promise<string[]> {
  return until(`${count} events`, async () => {
    const names = await namesIn(events);
    return names.length >= count && names;
  });
}

it("takes over all that agents keep, and goes on after a restart without loss or repeat", async () => {
  const logs = { a: newLog(), b: newLog() };
  const agents = [await startFake("a", logs.a), await startFake("b", logs.b)];
  for (const second of [1, 2, 3]) logs.a.append(eventOf("a", second));
  logs.b.append(eventOf("b", 1, "died"), pack({ times: [1], values: { cpu_cores: [0.5] } }));
  const first = await openCluster(() => agents);
  expect((await has(first, 4)).toSorted()).toEqual(["a web-1", "a web-2", "a web-3", "b web-1"]);
  logs.a.append(eventOf("a", 4));
  await has(first, 5);
  await first.close();

  logs.a.append(eventOf("a", 5));
  const second = await openCluster(() => agents);
  ended.push(() => second.close());
  logs.b.append(eventOf("b", 2));
  const names = await has(second, 7);
  expect(names.filter((name) => name.startsWith("a"))).toEqual(
    [1, 2, 3, 4, 5].map((count) => `a web-${count}`),
  );
  expect(names.filter((name) => name.startsWith("b"))).toEqual(["b web-1", "b web-2"]);
  const died = await second.log.query({ ...ALL, matches: ({ type }) => type === "died" });
  expect(died.map(({ event }) => event.source_id)).toEqual([
    (await logs.b.after("", 1)).events[0]?.event.id,
  ]);
  expect(died[0]?.moments).toBeDefined();
  const turns = await second.log.query({ ...ALL, matches: ({ type }) => type === "node_up" });
  expect(turns.map(({ event }) => event.node).toSorted()).toEqual(["a", "b"]);
});

it("counts what an agent can't tell any more, and what is no event of its node", async () => {
  const log = newLog(100);
  const agents = [await startFake("a", log)];
  log.append(eventOf("a", 0));
  const first = await openCluster(() => agents);
  await has(first, 1);
  await first.close();

  for (let second = 1; second <= 500; second++) log.append(eventOf("a", second));
  log.append(eventOf("somebody else", 501));
  log.append(eventOf("a", 502));
  const second = await openCluster(() => agents);
  ended.push(() => second.close());
  const names = await until("the newest event", async () => {
    const found = await namesIn(second);
    return found.at(-1) === "a web-502" && found;
  });
  expect(names[0]).toBe("a web-0");
  expect(names).not.toContain("somebody else web-501");
  expect(names.length).toBeLessThan(120);
  const page = await registry.metrics();
  expect(page).toContain('plimsoll_aggregator_event_gaps_total{node="a"} 1');
  expect(page).toContain('plimsoll_aggregator_refused_events_total{node="a"} 1');
});
