import { expect, it } from "vitest";

import { HeardBefore } from "../../../agent/events/heard-before.ts";
import type { Event, EventType } from "../../../wire/events/event.ts";
import { Told, container, ID } from "./told.ts";

const NOW = 1_795_000_000_000;

function event(type: EventType, at: number, runtime = "docker", id = ID): Event {
  const time = new Date(at).toISOString();
  const subject = { container_id: id, name: "web", image: "nginx:1", runtime, labels: {} };
  return { id: `${at}`, time, node: "n", type, container: { ...subject, groups: {} }, details: {} };
}

it("an engine tells again from a minute before its newest event on, of an hour at most", () => {
  const started = { ...event("agent_started", NOW - 900_000), container: undefined };
  const events = [started, event("started", NOW - 500_000), event("cgroup_gone", NOW - 1000)];
  const heard = new HeardBefore(events as Event[], NOW);
  expect(heard.since("docker")).toBe(NOW - 560_000);
  expect(heard.since("podman")).toBe(NOW - 900_000);
  expect(new HeardBefore([event("died", NOW - 4_000_000)], NOW).since("docker")).toBe(
    NOW - 3_600_000,
  );
  const first = new HeardBefore([], NOW);
  expect(first.since("docker")).toBe(NOW);
  expect(first.has("1b", "created", NOW - 1)).toBe(true);
  expect(first.has("1b", "created", NOW)).toBe(false);
});

it("knows again what was told, and what had a reason not to be", () => {
  const heard = new HeardBefore([event("died", NOW - 5000)], NOW);
  expect(heard.has(ID, "died", NOW - 5000)).toBe(true);
  expect(heard.has(ID, "died", NOW - 4999)).toBe(false);
  expect(heard.has(ID, "started", NOW - 5000)).toBe(false);
  expect(heard.isPassed("docker", NOW - 5000)).toBe(true);
  expect(heard.isPassed("docker", NOW - 4000)).toBe(false);
  expect(heard.isPassed("podman", NOW - 9000)).toBe(false);
});

it("a clock that was ahead hides nothing", () => {
  const heard = new HeardBefore([event("died", NOW + 9_000_000)], NOW);
  expect(heard.since("docker")).toBe(NOW);
  expect(heard.isPassed("docker", NOW)).toBe(false);
});

it("knows which containers were there, and whether they ran", () => {
  const [b, c] = ["2c".repeat(32), "3d".repeat(32)];
  const heard = new HeardBefore(
    [
      event("started", NOW - 9000),
      event("paused", NOW - 8000),
      event("started", NOW - 7000, "docker", b),
      event("died", NOW - 6000, "docker", b),
      event("started", NOW - 5000, "docker", c),
      event("removed", NOW - 4000, "docker", c),
    ],
    NOW,
  );
  const lives = [...heard.lives("docker")].map(([id, { isRunning }]) => [id, isRunning]);
  expect(lives).toEqual([
    [ID, true],
    [b, false],
  ]);
  expect(heard.lives("podman").size).toBe(0);
});

it("reads a log", async () => {
  const told = new Told();
  told.narrator.tell("died", container("docker"), { exit_class: "crash" }, told.time - 1000);
  const heard = await HeardBefore.read(told.log, told.time);
  expect(heard.has(ID, "died", told.time - 1000)).toBe(true);
});
