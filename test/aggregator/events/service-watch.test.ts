import { expect, it } from "vitest";

import { ServiceWatch } from "../../../aggregator/events/service-watch.ts";
import { TaskWatch } from "../../../aggregator/events/task-watch.ts";
import type { Placed } from "../../../aggregator/model/level.ts";
import { groupsOf } from "../../../wire/groups.ts";
import { containerOf } from "../fakes/samples.ts";

const SETTLE = 5000;

/** A container of a Compose service. */
function webOf(count: number, image = "web:1"): Placed[] {
  const labels = { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" };
  return Array.from({ length: count }, (_, index) => ({
    node: "a",
    container: containerOf(`/docker/${index}`, { image, labels, groups: groupsOf(labels) }),
  }));
}

/** A task of a Swarm service, labelled as the engine labels it. */
function taskOf(node: string, slot: number, id: string, created: string): Placed {
  const labels = {
    "com.docker.swarm.service.name": "api",
    "com.docker.swarm.task.name": `api.${slot}.${id}`,
  };
  const more = { image: "api:1", created_at: created, labels, groups: groupsOf(labels) };
  return { node, container: containerOf(`/docker/${id}`, more) };
}

const watching = (counts?: ReadonlyMap<string, number>): ServiceWatch =>
  new ServiceWatch("lab", () => SETTLE, counts);

function told(watch: ServiceWatch, running: readonly Placed[], now: number): unknown[] {
  return [...watch.look(running, now)].map(({ type, node, details }) => [type, node, details]);
}

it("a service that was scaled is told when it has settled, as one step", () => {
  const watch = watching();
  expect(told(watch, webOf(1), 0)).toEqual([]);
  expect(told(watch, webOf(1), SETTLE)).toEqual([]);
  for (const count of [2, 3, 5]) expect(told(watch, webOf(count), 6000 + count)).toEqual([]);
  expect(told(watch, webOf(5), 11_004)).toEqual([]);
  const details = { group: "service:shop/web", from: 1, to: 5 };
  expect(told(watch, webOf(5), 11_005)).toEqual([["service_scaled", "a", details]]);
  expect(told(watch, webOf(5), 20_000)).toEqual([]);
});

it("a container that is replaced is no scaling", () => {
  const watch = watching();
  told(watch, webOf(3), 0);
  told(watch, webOf(3), SETTLE);
  told(watch, webOf(2), 6000);
  told(watch, webOf(3), 7000);
  expect(told(watch, webOf(3), 20_000)).toEqual([]);
});

it("a service that comes begins with none, one that goes ends with none", () => {
  const watch = watching();
  told(watch, [], 0);
  told(watch, webOf(2), 1000);
  const group = "service:shop/web";
  expect(told(watch, webOf(2), 6000)).toEqual([["service_scaled", "a", { group, from: 0, to: 2 }]]);
  told(watch, [], 7000);
  expect(told(watch, [], 12_000)).toEqual([["service_scaled", "a", { group, from: 2, to: 0 }]]);
  expect(told(watch, [], 20_000)).toEqual([]);
});

it("after a restart only what has changed since is told", () => {
  const counts = new Map([["service:shop/web", 3]]);
  const same = watching(counts);
  told(same, webOf(3), 0);
  expect(told(same, webOf(3), SETTLE)).toEqual([]);
  const other = watching(counts);
  told(other, webOf(1), 0);
  const details = { group: "service:shop/web", from: 3, to: 1 };
  expect(told(other, webOf(1), SETTLE)).toEqual([["service_scaled", "a", details]]);
});

it("a rollout is finished when all containers have the new image", () => {
  const watch = watching();
  told(watch, webOf(2), 0);
  told(watch, webOf(2), SETTLE);
  const [old] = webOf(1);
  const [, fresh] = webOf(2, "web:2");
  const mixed = [old!, fresh!];
  told(watch, mixed, 6000);
  expect(told(watch, mixed, 12_000)).toEqual([]);
  told(watch, webOf(2, "web:2"), 13_000);
  const details = { group: "service:shop/web", from: "web:1", to: "web:2" };
  expect(told(watch, webOf(2, "web:2"), 18_000)).toEqual([["rollout_finished", "a", details]]);
});

it("a task that another node has taken over is told once, and counts once", () => {
  const tasks = new TaskWatch();
  const watch = watching();
  const before = [taskOf("a", 1, "x1", "2026-01-01"), taskOf("b", 2, "x2", "2026-01-01")];
  const after = [...before, taskOf("c", 2, "x3", "2026-01-02")];
  expect([...tasks.look(before)]).toEqual([]);
  told(watch, before, 0);
  told(watch, before, SETTLE);
  const [moved, ...more] = [...tasks.look(after)];
  expect(moved).toMatchObject({
    node: "c",
    type: "task_rescheduled",
    details: { group: "service:api", slot: "2", from: "b", to: "c" },
  });
  expect(more).toEqual([]);
  expect([...tasks.look(after)]).toEqual([]);
  told(watch, after, 6000);
  expect(told(watch, after, 20_000)).toEqual([]);
});
