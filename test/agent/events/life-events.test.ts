import { beforeEach, expect, it } from "vitest";

import { LifeEvents } from "../../../agent/events/life-events.ts";
import type { EngineEvent } from "../../../agent/runtimes/runtime.ts";
import type { Container } from "../../../wire/container.ts";
import { container, ID, Told } from "./told.ts";

let told: Told;
let lives: LifeEvents;
let current: Container;

beforeEach(() => {
  told = new Told();
  current = container("docker");
  lives = new LifeEvents(
    told.narrator,
    () => told.time,
    () => current,
  );
});

function hear(action: string, more: Partial<EngineEvent> = {}): void {
  lives.hear({ id: ID, action, name: "web", image: "nginx:1", ...more }, current);
}

it("tells a life as it goes", () => {
  for (const action of ["create", "start", "pause", "unpause", "exec_create"]) hear(action);
  hear("rename", { oldName: "old" });
  hear("destroy");
  expect(told.take()).toEqual([
    ["created", {}],
    ["started", {}],
    ["paused", {}],
    ["resumed", {}],
    ["renamed", { from: "old", to: "web" }],
    ["removed", {}],
  ]);
});

it("a stop is planned, whatever it takes to stop it, and a restart is three events", () => {
  hear("kill", { signal: 15 });
  hear("kill", { signal: 9 });
  hear("die", { exitCode: 137 });
  hear("start");
  hear("restart");
  expect(told.take()).toEqual([
    ["died", { exit_code: 137, signal: 9, exit_class: "planned" }],
    ["started", {}],
    ["restarted", {}],
  ]);
  // What was asked of the life before says nothing of this one.
  hear("die", { exitCode: 1 });
  expect(told.take()).toEqual([["died", { exit_code: 1, exit_class: "crash" }]]);
});

it("an end for the lack of memory is told as one, whoever says so first", () => {
  const oom = ["died", { exit_code: 137, signal: 9, exit_class: "oom" }];
  hear("oom");
  hear("die", { exitCode: 137 });
  expect(told.take()).toEqual([oom]);
  lives.killed(ID, told.time);
  hear("die", { exitCode: 137 });
  expect(told.take()).toEqual([oom]);
  hear("die", { exitCode: 137 });
  expect(told.take()).toEqual([]);
  lives.killed(ID, told.time + 900);
  expect(told.take()).toEqual([oom]);
});

it("an end that nobody explains is waited for no longer than two passes", () => {
  hear("die", { exitCode: 137 });
  const diedAt = told.time;
  lives.endPass(diedAt + 2400);
  expect(told.take()).toEqual([]);
  lives.endPass(diedAt + 2500);
  expect(told.events.map(({ time }) => Date.parse(time))).toEqual([diedAt]);
  expect(told.take()).toEqual([["died", { exit_code: 137, signal: 9, exit_class: "unknown" }]]);
  hear("die", { exitCode: 137 });
  lives.close();
  expect(told.take()).toHaveLength(1);
});

it("an old kill has nothing to do with it", () => {
  lives.killed(ID, told.time - 60_000);
  hear("die", { exitCode: 137 });
  lives.endPass(told.time + 4000, false);
  lives.endPass(told.time + 4500);
  expect(told.take()).toEqual([]);
  lives.endPass(told.time + 5000);
  expect(told.take()).toEqual([["died", { exit_code: 137, signal: 9, exit_class: "unknown" }]]);
});

it("another image under the same name is told", () => {
  hear("create");
  current = container("docker", { image: "nginx:2" });
  hear("create", { image: "nginx:2" });
  hear("create", { image: "nginx:2" });
  expect(told.take().filter(([type]) => type === "image_changed")).toEqual([
    ["image_changed", { from: "nginx:1", to: "nginx:2" }],
  ]);
});

it("health is told when it changes", () => {
  for (const health of ["healthy", "healthy", "unhealthy"]) hear("health_status", { health });
  expect(told.take()).toEqual([
    ["health_changed", { to: "healthy" }],
    ["health_changed", { from: "healthy", to: "unhealthy" }],
  ]);
});

it("new limits are told as the kernel has them then", () => {
  hear("update");
  const limits = { cpu_cores: 2, memory_bytes: null, pids: 5 };
  lives.endPass(told.time + 500);
  current = container("docker", { limits });
  lives.endPass(told.time + 1000);
  expect(told.take()).toEqual([["limits_updated", { limits }]]);
});

it("a death has the minute before it", async () => {
  hear("die", { exitCode: 1 });
  hear("start");
  const all = { start: 0, end: Infinity, after: undefined, limit: 9, matches: () => true };
  const found = await told.log.query(all);
  expect(found.map(({ moments }) => moments)).toEqual(["frozen", undefined]);
});
