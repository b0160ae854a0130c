import { beforeEach, expect, it } from "vitest";

import { Doubts } from "../../../agent/inventory/doubts.ts";
import type { EngineContainer, Runtime } from "../../../agent/runtimes/runtime.ts";
import type { Container } from "../../../wire/container.ts";

const ID = "c".repeat(64);
const CGROUP = `/kubepods/pod1/${ID}`;
const NOBODY = {} as Container;

let known: Pick<EngineContainer, "runtime" | "state"> | undefined;
let asked: string[];
let doubts: Doubts;

function runtimeOf(name: string): Runtime {
  return { name, cgroupChanged: (id: string) => asked.push(`${name} ${id}`) } as unknown as Runtime;
}

beforeEach(() => {
  known = undefined;
  asked = [];
  const inventory = { engineContainer: () => known as EngineContainer | undefined };
  const docker = { name: "docker" } as Runtime;
  doubts = new Doubts(inventory, [docker, runtimeOf("containerd"), runtimeOf("cri-o")]);
});

/** How often was asked in so many seconds of passes. */
function askedIn(seconds: number): number {
  for (let second = 0; second < seconds; second++) doubts.endPass(second * 1000);
  return asked.length;
}

it("asks all who may know of a new cgroup, less and less often, and not for ever", () => {
  doubts.came(CGROUP, 0);
  doubts.endPass(0);
  expect(asked).toEqual([`containerd ${ID}`, `cri-o ${ID}`]);
  expect(askedIn(1000)).toBe(12);
});

it("asks only once when the answer fits", () => {
  doubts.came(CGROUP, 0);
  doubts.endPass(0);
  known = { runtime: "containerd", state: "running" };
  expect(askedIn(100)).toBe(2);
});

it("asks only the engine that told it", () => {
  known = { runtime: "cri-o", state: "created" };
  doubts.came(CGROUP, 0);
  doubts.endPass(0);
  expect(asked).toEqual([`cri-o ${ID}`]);
});

it("asks when a cgroup has gone whose container is said to run", () => {
  known = { runtime: "containerd", state: "running" };
  doubts.gone(CGROUP, NOBODY, 0);
  doubts.endPass(0);
  expect(asked).toEqual([`containerd ${ID}`]);
  known = { runtime: "containerd", state: "exited" };
  expect(askedIn(100)).toBe(1);
});

it("does not ask of what another engine tells, of what has gone, or of other cgroups", () => {
  known = { state: "running" };
  doubts.came(CGROUP, 0);
  doubts.gone(CGROUP, NOBODY, 0);
  known = undefined;
  doubts.gone(CGROUP, NOBODY, 0);
  doubts.came("/system.slice/cron.service", 0);
  expect(askedIn(10)).toBe(0);
});

it("remembers only so many, and asks once of the others", () => {
  for (let index = 0; index < 2000; index++) doubts.came(`/${String(index).padStart(64, "0")}`, 0);
  expect(asked).toHaveLength(2 * 1000);
});
