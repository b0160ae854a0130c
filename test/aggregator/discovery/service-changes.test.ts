import { expect, test } from "vitest";

import { ServiceChanges } from "../../../aggregator/discovery/dockerswarm/service-changes.ts";
import { TaskMoves } from "../../../aggregator/discovery/dockerswarm/task-moves.ts";

const NOTHING = { count: () => undefined, has: () => false };

// Shapes as in https://docs.docker.com/reference/api/engine/version/v1.41/ .
interface Shown {
  readonly second: number;
  readonly replicas?: number;
  readonly image?: string;
  readonly update?: string;
}

const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, "0")}`;

function listed({ second, replicas, image = "web:1", update }: Shown): object {
  return {
    ID: "s1",
    Version: { Index: second },
    UpdatedAt: `${at(second)}.123456789Z`,
    Spec: {
      Name: "web",
      Mode: replicas === undefined ? { Global: {} } : { Replicated: { Replicas: replicas } },
      TaskTemplate: { ContainerSpec: { Image: `${image}@sha256:0a1b` } },
    },
    ...(update === undefined ? {} : { UpdateStatus: { State: update } }),
  };
}

/** As it comes over the wire, where the nanoseconds lose their last digits. */
function event(second: number, action: string, attributes: object = {}): unknown {
  const nanoseconds = `${Date.parse(`${at(second)}Z`) / 1000}123456789`;
  const actor = JSON.stringify({ ID: "s1", Attributes: { name: "web", ...attributes } });
  return JSON.parse(
    `{"Type":"service","Action":"${action}","Actor":${actor},"timeNano":${nanoseconds}}`,
  );
}

const scaledTo = (second: number, from: number, to: number): unknown =>
  event(second, "update", { "replicas.old": String(from), "replicas.new": String(to) });

class Watched {
  readonly changes: ServiceChanges;
  constructor(earlier = NOTHING as ConstructorParameters<typeof ServiceChanges>[0]) {
    this.changes = new ServiceChanges(earlier);
  }
  look(...shown: readonly Shown[]): unknown[] {
    return [...this.changes.look(shown.map(listed))].map(({ type, details }) => [type, details]);
  }
  hear(message: unknown): unknown[] {
    return [...this.changes.hear(message)].map(({ type, details }) => [type, details]);
  }
}

const group = "service:web";
const scaled = (from: number, to: number): unknown => ["service_scaled", { group, from, to }];

test("each change of the wanted number is told, and not again by the list", () => {
  const watched = new Watched();
  expect(watched.look({ second: 1, replicas: 1 })).toEqual([]);
  expect(watched.hear(scaledTo(2, 1, 5))).toEqual([scaled(1, 5)]);
  expect(watched.hear(scaledTo(2, 1, 5))).toEqual([]);
  expect(watched.hear(scaledTo(3, 5, 2))).toEqual([scaled(5, 2)]);
  for (let turn = 0; turn < 3; turn++) {
    expect(watched.look({ second: 3, replicas: 2 })).toEqual([]);
  }
  const [change] = [...watched.changes.hear(scaledTo(4, 2, 3))];
  expect(change).toMatchObject({ time: "2026-01-01T00:00:04.123Z", node: "" });
});

test("a list is believed when it shows the same twice, if no event has told it meanwhile", () => {
  const watched = new Watched();
  watched.look({ second: 1, replicas: 1 });
  expect(watched.look({ second: 3, replicas: 2 })).toEqual([]);
  // The events were only late.
  expect(watched.hear(scaledTo(2, 1, 5))).toEqual([scaled(1, 5)]);
  expect(watched.hear(scaledTo(3, 5, 2))).toEqual([scaled(5, 2)]);
  expect(watched.look({ second: 3, replicas: 2 })).toEqual([]);
  // Nobody tells of this one.
  expect(watched.look({ second: 9, replicas: 7 })).toEqual([]);
  expect(watched.look({ second: 9, replicas: 7 })).toEqual([scaled(2, 7)]);
  expect(watched.look({ second: 9, replicas: 7 })).toEqual([]);
});

test("what happened while nobody looked is told against what was told last", () => {
  const watched = new Watched({ count: () => 5, has: () => false });
  expect(watched.look({ second: 1, replicas: 2 })).toEqual([scaled(5, 2)]);
});

test("a service comes and goes once, whoever says so first", () => {
  const watched = new Watched();
  watched.look();
  expect(watched.hear(event(1, "create"))).toEqual([]);
  expect(watched.look({ second: 1, replicas: 3 })).toEqual([scaled(0, 3)]);
  expect(watched.hear(event(2, "remove"))).toEqual([scaled(3, 0)]);
  // An answer that was under way.
  expect(watched.look({ second: 1, replicas: 3 })).toEqual([]);
  expect(watched.look()).toEqual([]);
});

test("a service that is missing from two lists is gone", () => {
  const watched = new Watched();
  watched.look({ second: 1, replicas: 3 });
  expect(watched.look()).toEqual([]);
  expect(watched.look()).toEqual([scaled(3, 0)]);
  expect(watched.look()).toEqual([]);
});

test("a rollout is told when it has come to its end, with its images", () => {
  const watched = new Watched();
  watched.look({ second: 1, replicas: 3 });
  const images = { "image.old": "web:1@sha256:0a", "image.new": "web:2@sha256:0b" };
  expect(watched.hear(event(2, "update", images))).toEqual([]);
  expect(watched.hear(event(3, "update", { "updatestate.new": "updating" }))).toEqual([]);
  const finished = { "updatestate.old": "updating", "updatestate.new": "completed" };
  expect(watched.hear(event(4, "update", finished))).toEqual([
    ["rollout_finished", { group, from: "web:1", to: "web:2" }],
  ]);
  const shown = { second: 4, replicas: 3, image: "web:2", update: "completed" };
  expect([...watched.look(shown), ...watched.look(shown)]).toEqual([]);
  expect(watched.hear(event(5, "update", { "updatestate.new": "rollback_completed" }))).toEqual([
    ["rollout_finished", { group, from: "web:1", to: "web:2", reason: "rolled back" }],
  ]);
});

test("of a service on every node only rollouts are its manager's to tell", () => {
  const watched = new Watched();
  watched.look({ second: 1 });
  expect(watched.changes.knows("web", false)).toBe(true);
  expect(watched.changes.knows("web", true)).toBe(false);
  expect(watched.changes.knows("other", false)).toBe(false);
});

test("what is none of Docker's words changes nothing", () => {
  const watched = new Watched();
  watched.look({ second: 1, replicas: 1 });
  for (const odd of [null, 1, "x", {}, { Type: "service", Actor: { ID: "s1" } }]) {
    expect(watched.hear(odd)).toEqual([]);
  }
  const wild = event(2, "update", { "replicas.new": "-1", "image.new": 5 });
  expect(watched.hear(wild)).toEqual([]);
});

test("a task that runs on another node than the one before it in its place has moved", () => {
  const moves = new TaskMoves();
  const nodes = ["a", "b"].map((name) => ({ ID: name, Description: { Hostname: `host-${name}` } }));
  const services = new Map([["s1", "web"]]);
  const task = (id: string, node: string, second: number, more: object = {}): object => ({
    ID: id,
    ServiceID: "s1",
    Slot: 2,
    NodeID: node,
    CreatedAt: at(second),
    Status: { State: "running", Timestamp: `${at(second)}Z` },
    ...more,
  });
  const look = (...tasks: readonly object[]): unknown[] => [
    ...moves.look({ tasks, nodes, services }),
  ];
  expect(look(task("t1", "a", 1))).toEqual([]);
  // Started again where it was, then gone, then prepared elsewhere.
  expect(look(task("t2", "a", 2))).toEqual([]);
  expect(look()).toEqual([]);
  expect(look(task("t3", "b", 3, { Status: { State: "preparing" } }))).toEqual([]);
  expect(look(task("t2", "a", 2), task("t3", "b", 3))).toMatchObject([
    {
      time: "2026-01-01T00:00:03.000Z",
      node: "host-b",
      type: "task_rescheduled",
      container: { name: "web.2.t3", groups: { service: "web" } },
      details: { group, slot: "2", from: "host-a", to: "host-b" },
    },
  ]);
  expect(look(task("t3", "b", 3))).toEqual([]);
  expect(look(task("t4", "a", 4, { Slot: 0 }))).toEqual([]);
});
