import { describe, expect, it } from "vitest";

import type { Agent } from "../../../aggregator/events/agent.ts";
import { NodeWatch } from "../../../aggregator/events/node-watch.ts";
import { PLAIN_PEER } from "../../../lib/http/peer-settings.ts";

const INTERVAL = 15_000;

/** An agent that has answered just now, and what is said of it. */
function agentOf(node: string | undefined, lastSuccess: number, more: Partial<Agent> = {}): Agent {
  return {
    url: "http://host-1:8180",
    peer: PLAIN_PEER,
    node,
    health: "up",
    failures: 0,
    lastSuccess,
    trouble: undefined,
    interval: INTERVAL,
    ...more,
  };
}

const told = (watch: NodeWatch, agents: readonly Agent[], now: number): string[] =>
  [...watch.look(agents, now)].map(({ type, node, details }) =>
    [type, node, details.reason, details.seconds].filter((part) => part !== undefined).join(" "),
  );

const failing = { health: "down", trouble: "refused" } as const;

describe("a node", () => {
  it("is up when it answers for the first time, and then no more news", () => {
    const watch = new NodeWatch(new Map(), 0);
    const agent = agentOf("a", 1000);
    expect(told(watch, [agent], 1000)).toEqual(["node_up a answers for the first time"]);
    expect(told(watch, [agent], 2000)).toEqual([]);
  });

  it("is down after two failures, and back with how long it was away", () => {
    const watch = new NodeWatch(new Map([["a", { isUp: true, since: 0 }]]), 0);
    expect(told(watch, [agentOf("a", 1000, { ...failing, failures: 1 })], 2000)).toEqual([]);
    expect(told(watch, [agentOf("a", 1000, { ...failing, failures: 2 })], 3000)).toEqual([
      "node_down a did not answer 2 times in a row: refused",
    ]);
    expect(told(watch, [agentOf("a", 1000, { ...failing, failures: 3 })], 4000)).toEqual([]);
    expect(watch.states().get("a")).toEqual({ isUp: false, since: 3000 });
    expect(told(watch, [agentOf("a", 9500)], 9500)).toEqual(["node_up a answers again 6.5"]);
  });

  it("is down when nothing is heard for two turns, though nothing has failed", () => {
    const watch = new NodeWatch(new Map([["a", { isUp: true, since: 0 }]]), 0);
    expect(told(watch, [agentOf("a", 1000)], 1000 + 2 * INTERVAL)).toEqual([]);
    expect(told(watch, [agentOf("a", 1000)], 1001 + 2 * INTERVAL)).toEqual([
      "node_down a has not answered for 30 s",
    ]);
  });

  it("that is as it was before a restart is no news", () => {
    const turns = new Map([
      ["a", { isUp: true, since: 0 }],
      ["b", { isUp: false, since: 0 }],
    ]);
    const watch = new NodeWatch(turns, 1000);
    const agents = [
      agentOf("a", 50_000),
      agentOf(undefined, 0, { ...failing, lastSuccess: undefined }),
    ];
    expect(told(watch, agents, 51_000)).toEqual([]);
    expect(told(watch, [agentOf("b", 60_000)], 60_000)).toEqual(["node_up b answers again 60"]);
  });

  it("that went while nobody looked is told once it is clear that it does not answer", () => {
    const watch = new NodeWatch(new Map([["a", { isUp: true, since: 0 }]]), 1000);
    const stranger = agentOf(undefined, 0, { ...failing, lastSuccess: undefined, failures: 9 });
    expect(told(watch, [stranger], 2000)).toEqual([]);
    expect(told(watch, [stranger], 1000 + 2 * INTERVAL)).toEqual([
      "node_down a has not answered since this aggregator was started",
    ]);
  });

  it("that is not asked any more is not down", () => {
    const watch = new NodeWatch(new Map([["a", { isUp: true, since: 0 }]]), 1000);
    expect(told(watch, [agentOf("b", 90_000)], 90_000)).toEqual([
      "node_up b answers for the first time",
    ]);
  });
});

it("an agent that answers without new samples is stale, once until it has some", () => {
  const watch = new NodeWatch(new Map(), 0);
  const stale = (lastTime: number, now: number): number =>
    [...watch.lookAtSamples([{ node: "a", lastTime, intervalSeconds: 1 }], now)].length;
  told(watch, [agentOf("a", 0)], 0);
  expect(stale(5, 0)).toBe(0);
  expect(stale(5, 30_000)).toBe(0);
  expect(stale(5, 41_000)).toBe(1);
  expect(stale(5, 60_000)).toBe(0);
  expect(stale(6, 61_000)).toBe(0);
  expect(stale(6, 110_000)).toBe(1);
});
