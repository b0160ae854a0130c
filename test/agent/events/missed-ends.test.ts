import { beforeEach, expect, it } from "vitest";

import { MissedEnds } from "../../../agent/events/missed-ends.ts";
import type { EngineContainer, EngineEvent } from "../../../agent/runtimes/runtime.ts";

let time: number;
let told: EngineEvent[];
let ends: MissedEnds;

const life = { name: "web", image: "nginx:1", labels: {} };

function open(lives: ConstructorParameters<typeof MissedEnds>[0] = new Map()): void {
  ends = new MissedEnds(
    lives,
    () => time,
    (event) => told.push(event),
  );
}

beforeEach(() => {
  time = 1_795_000_000_000;
  told = [];
  open();
});

function listed(id: string, state: string): EngineContainer {
  return { id, ...life, state };
}

function hear(action: string, id = "a"): void {
  ends.hear({ id, action, ...life });
}

/** What is told when it has waited long enough, and not before. */
function waited(): string[] {
  ends.endPass(time + 4900);
  expect(told).toEqual([]);
  ends.endPass(time + 5000);
  return told.splice(0).map(({ id, action }) => `${id} ${action}`);
}

it("tells what a list shows and no event has told", () => {
  for (const id of ["a", "b", "c"]) hear("start", id);
  ends.upsert(listed("a", "exited"));
  ends.retain(new Set(["a", "b"]));
  expect(waited()).toEqual(["a die", "c die", "c destroy"]);
  ends.retain(new Set(["a", "b"]));
  ends.upsert(listed("a", "exited"));
  expect(waited()).toEqual([]);
});

it("says how it knows, and no more than it knows", () => {
  hear("start");
  ends.retain(new Set());
  ends.endPass(time + 5000);
  const reason = "not told by its engine, but seen in its list";
  expect(told).toEqual([
    { id: "a", ...life, reason, action: "die" },
    { id: "a", ...life, reason, action: "destroy" },
  ]);
});

it("leaves it to the engine where that tells in time", () => {
  hear("start");
  hear("start", "b");
  ends.upsert(listed("a", "exited"));
  ends.retain(new Set(["a"]));
  hear("die");
  hear("die", "b");
  hear("destroy", "b");
  expect(waited()).toEqual([]);
});

it("an older answer that still shows it running is no new life", () => {
  hear("start");
  hear("die");
  ends.upsert(listed("a", "running"));
  ends.upsert(listed("a", "exited"));
  expect(waited()).toEqual([]);
});

it("what began again has not ended", () => {
  hear("start");
  ends.upsert(listed("a", "exited"));
  ends.upsert(listed("a", "running"));
  expect(waited()).toEqual([]);
  ends.upsert(listed("a", "exited"));
  hear("start");
  expect(waited()).toEqual([]);
});

it("what had ended before anybody looked is no news", () => {
  ends.upsert(listed("a", "exited"));
  ends.upsert(listed("b", "running"));
  expect(waited()).toEqual([]);
  ends.upsert(listed("b", "exited"));
  expect(waited()).toEqual(["b die"]);
});

it("knows what an earlier run has left behind", () => {
  open(
    new Map([
      ["a", { ...life, isRunning: true }],
      ["b", { ...life, isRunning: false }],
      ["c", { ...life, isRunning: true }],
    ]),
  );
  ends.upsert(listed("c", "exited"));
  ends.retain(new Set(["c"]));
  expect(waited()).toEqual(["a die", "a destroy", "b destroy", "c die"]);
});
