import { expect, test } from "vitest";

import { EventCounts } from "../../../agent/inventory/event-counts.ts";
import { type Container, NO_LIMITS } from "../../../wire/container.ts";

const KEPT = 600_000;
const ID = "1b".repeat(32);

const web: Container = {
  id: `/docker/${ID}`,
  container_id: ID,
  name: "web",
  image: "busybox:1",
  runtime: "docker",
  labels: {},
  groups: {},
  limits: NO_LIMITS,
};

/** The same before it has had a cgroup. */
function early(id = ID): Container {
  return { ...web, id, container_id: id };
}

function shown(events: EventCounts): unknown {
  return Object.fromEntries(
    [...events.entries()].map(({ container, counts }) => [
      container.id,
      Object.fromEntries(counts),
    ]),
  );
}

test("counts events by type, under the cgroup's path as soon as that is known", () => {
  const events = new EventCounts();
  for (const type of ["created", "started", "died", "started"]) events.add(type, early());
  expect(shown(events)).toEqual({ [ID]: { created: 1, started: 2, died: 1 } });
  events.learn(web);
  events.addOomKill(web.id, web);
  expect(shown(events)).toEqual({ [web.id]: { created: 1, started: 2, died: 1, oom_kill: 1 } });
  expect(events.containerOf(web.id)).toEqual(web);
});

test("of a container that went at once the path is known by its kill, the rest by its events", () => {
  const events = new EventCounts();
  events.add("started", early());
  const path = { id: web.id, name: web.id, labels: {}, groups: {}, limits: NO_LIMITS };
  events.addOomKill(web.id, path);
  expect(shown(events)).toEqual({ [web.id]: { started: 1, oom_kill: 1 } });
  expect(events.containerOf(web.id)).toEqual(web);
});

test("a kill may be the first that is heard of a container, but not of a plain cgroup", () => {
  const events = new EventCounts();
  const plain = { id: "/a", name: "/a", labels: {}, groups: {}, limits: NO_LIMITS };
  events.addOomKill("/a", plain);
  events.addOomKill(web.id, web);
  expect(shown(events)).toEqual({ [web.id]: { oom_kill: 1 } });
});

test("what no engine knows any more is forgotten after ten minutes, or when there are too many", () => {
  const events = new EventCounts();
  events.add("created", early());
  events.add("created", early("2c".repeat(32)));
  const isKnown = (id: string): boolean => id === ID;
  events.sweep(0, isKnown);
  events.sweep(KEPT, isKnown);
  expect([...events.entries()]).toHaveLength(2);
  events.sweep(KEPT + 60_000, isKnown);
  expect([...events.entries()].map(({ container }) => container.id)).toEqual([ID]);
  for (let count = 0; count < 1010; count++) events.add("created", early(`${count}`));
  events.sweep(3 * KEPT, isKnown);
  expect([...events.entries()]).toHaveLength(1001);
});
