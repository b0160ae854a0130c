import { beforeEach, expect, it } from "vitest";

import { CgroupEvents } from "../../../agent/events/cgroup-events.ts";
import { container, ID, Told } from "./told.ts";

let told: Told;
let cgroups: CgroupEvents;

beforeEach(() => {
  told = new Told();
  cgroups = new CgroupEvents(told.narrator);
});

it("a plain cgroup ends with a code that nobody knows", () => {
  cgroups.came(container(), 1);
  cgroups.gone(container(), 2);
  expect(told.take()).toEqual([
    ["cgroup_found", {}],
    ["cgroup_gone", {}],
  ]);
});

it("a container ends with its code, whether the engine tells before or after", () => {
  cgroups.hear({ id: ID, action: "die", exitCode: 137 });
  cgroups.gone(container("docker"), 10);
  expect(told.take()).toEqual([["cgroup_gone", { exit_code: 137 }]]);
  cgroups.gone(container("docker"), 20);
  cgroups.endPass(1000);
  expect(told.take()).toEqual([]);
  cgroups.hear({ id: ID, action: "die", exitCode: 0 });
  expect(told.take()).toEqual([["cgroup_gone", { exit_code: 0 }]]);
});

it("is not waited for longer than two seconds", () => {
  cgroups.gone(container("docker"), 10);
  cgroups.endPass(2009);
  expect(told.take()).toEqual([]);
  cgroups.endPass(2010);
  expect(told.take()).toEqual([["cgroup_gone", {}]]);
});

it("the code of a former life is not that of the next", () => {
  cgroups.hear({ id: ID, action: "die", exitCode: 3 });
  cgroups.hear({ id: ID, action: "start" });
  cgroups.gone(container("docker"), 10);
  cgroups.endPass(5000);
  expect(told.take()).toEqual([["cgroup_gone", {}]]);
});

it("a kill is told with its victim, where the kernel has named one", () => {
  const kill = { time: 5, cgroup: "/pod/a", oomCgroup: "/pod", pid: 7, process: "dd" };
  cgroups.killed(container("docker"), { ...kill, constraint: "CONSTRAINT_MEMCG" });
  cgroups.killed(container(), { time: 6, cgroup: "/b" });
  const { id } = container("docker");
  cgroups.killed(container("docker"), { time: 6, cgroup: `${id}/inner` });
  expect(told.take()).toEqual([
    ["oom_kill", { process: "dd", pid: 7, constraint: "CONSTRAINT_MEMCG", oom_cgroup: "/pod" }],
    ["oom_kill", {}],
    ["oom_kill", { cgroup: `${id}/inner` }],
  ]);
});
