import { afterEach, beforeEach, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { cpuset } from "../../../agent/collectors/cpuset.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";

let kernel: FakeKernel;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
});
afterEach(() => kernel[Symbol.dispose]());

it("tells whether memory follows a change of nodes", () => {
  kernel.write(`cpuset${WEB}/cpuset.memory_migrate`, "1\n");
  const probe = probeOf(kernel, kernel.host(), cpuset, WEB);
  expect(sampleOf(probe)).toEqual({ cpuset_memory_migrate: 1 });
  kernel.write(`cpuset${WEB}/cpuset.memory_migrate`, "0\n");
  expect(sampleOf(probe)).toEqual({ cpuset_memory_migrate: 0 });
  kernel.write(`cpuset${WEB}/cpuset.memory_migrate`, "yes\n");
  expect(sampleOf(probe)).toEqual({});
});

it("is absent without the controller, and on v2", () => {
  const host = kernel.host();
  expect(cpuset.open(cgroupAt(kernel.hierarchies, WEB), host)).toBeUndefined();
  using other = new FakeKernel("cgroup-v2");
  expect(cpuset.open(cgroupAt(other.hierarchies, "/system.slice"), other.host())).toBeUndefined();
});
