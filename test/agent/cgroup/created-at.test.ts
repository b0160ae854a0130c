import { mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { readBootTime, readCreatedAt } from "../../../agent/cgroup/created-at.ts";
import { FakeKernel } from "../fake-kernel.ts";

let kernel: FakeKernel;

beforeEach(() => {
  kernel = new FakeKernel("empty-v2");
});

afterEach(() => kernel[Symbol.dispose]());

/** A cgroup whose directory and events were touched at these Unix seconds. */
function createdAt(directory: number, events: number, bootTime = Number.NaN): number {
  kernel.write("a/cgroup.events", "populated 1\n");
  utimesSync(join(kernel.cgroupRoot, "a/cgroup.events"), events, events);
  utimesSync(join(kernel.cgroupRoot, "a"), directory, directory);
  return readCreatedAt(cgroupAt(kernel.hierarchies, "/a"), bootTime);
}

it("a cgroup is as old as the oldest of its directory and its events", () => {
  expect(createdAt(2000, 1500)).toBe(1500);
  expect(createdAt(1200, 1500)).toBe(1200);
});

it("nothing is older than the system", () => {
  expect(createdAt(2000, 1500, 1700)).toBe(1700);
  expect(createdAt(2000, 1500, 1000)).toBe(1500);
});

it("one that is not there has no time", () => {
  expect(readCreatedAt(cgroupAt(kernel.hierarchies, "/none"), 5)).toBeNaN();
});

it("a new one is as old as its directory", () => {
  mkdirSync(join(kernel.cgroupRoot, "new"));
  const { mtimeMs } = statSync(join(kernel.cgroupRoot, "new"));
  expect(readCreatedAt(cgroupAt(kernel.hierarchies, "/new"), 0)).toBe(mtimeMs / 1000);
});

it("the kernel tells when it began", () => {
  writeFileSync(join(kernel.procRoot, "stat"), "cpu  1 2 3\nbtime 1732169730\nprocesses 5\n");
  expect(readBootTime(kernel.procRoot)).toBe(1_732_169_730);
  expect(readBootTime("/nowhere")).toBeNaN();
});
