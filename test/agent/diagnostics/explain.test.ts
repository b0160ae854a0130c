import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { allCollectors } from "../../../agent/collectors/all.ts";
import { explainAll, explainName } from "../../../agent/diagnostics/diagnosis.ts";
import { everyName, findNamed, unknownName } from "../../../agent/diagnostics/names.ts";
import { sourceOf } from "../../../agent/diagnostics/sources.ts";
import { allMetrics, allStats, newestMetrics } from "../../../wire/metrics/all.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { furnish, sampleOf, sceneOf } from "./scene-of.ts";

const SCOPE = `/system.slice/docker-${V2_ID}.scope`;

let kernel: FakeKernel | undefined;

afterEach(() => kernel?.[Symbol.dispose]());

function begin(recorded: "cgroup-v1" | "cgroup-v2"): FakeKernel {
  kernel = new FakeKernel(recorded);
  furnish(kernel);
  return kernel;
}

describe("names", () => {
  it("are those of every statistic and every family of one column", async () => {
    const names = new Set(everyName.map(({ name }) => name));
    for (const { name } of allStats) expect(names.has(name), name).toBe(true);
    for (const { family } of [...allMetrics, ...newestMetrics]) {
      if (family !== undefined) expect(names.has(family.name), family.name).toBe(true);
    }
  });

  it("all lead to a collector, of which it is known where it reads", async () => {
    for (const { name, parts } of everyName) expect(parts.length, name).toBeGreaterThan(0);
    for (const collector of allCollectors) {
      expect(sourceOf(collector, undefined), collector.name).toBeDefined();
    }
  });

  it("of the window and of groups of containers mean what they are made of", async () => {
    expect(findNamed("plimsoll_window_cpu_cores")?.name).toBe("cpu_cores");
    expect(findNamed("memory")?.kind).toBe("group");
    expect(findNamed("memory_swap_byte")).toBeUndefined();
    expect(unknownName("memory_swap_byte")).toContain("did you mean memory_swap_bytes");
  });
});

describe("a number", () => {
  it("is measured", async () => {
    const host = begin("cgroup-v2");
    const scene = sceneOf(host, { sampling: sampleOf(host, [SCOPE]) });
    for (const name of ["memory_swap_bytes", "cpu_cores", "container_memory_rss"]) {
      expect(await explainName(scene, name), name).toMatchObject([
        { name, status: "measured", measured_of: 1, looked_at: 1 },
      ]);
    }
  });

  it("is not told by this version of cgroups", async () => {
    const host = begin("cgroup-v1");
    const scene = sceneOf(host, { sampling: sampleOf(host, ["/docker/web"]) });
    const [pressure] = (await explainName(scene, "pressure_cpu_some_ratio")) ?? [];
    expect(pressure).toMatchObject({ status: "absent", reason: "cgroup v1 does not tell it" });
    expect(pressure?.remedy).toContain("unified_cgroup_hierarchy");
    const [other] = (await explainName(scene, "container_memory_events_high_total")) ?? [];
    expect(other?.reason).toBe("cgroup v1 does not tell it");
  });

  it("is told in a hierarchy of a hybrid host in which the container is not", async () => {
    const host = begin("cgroup-v1");
    host.write("unified/cgroup.controllers", "");
    const scene = sceneOf(host, { sampling: sampleOf(host, ["/docker/web"]) });
    expect(scene.hierarchies?.mode).toBe("hybrid");
    const [waiting] = (await explainName(scene, "pressure_cpu_some_ratio")) ?? [];
    expect(waiting?.status).toBe("absent");
    expect(waiting?.reason).toContain("/docker/web is not in the hierarchy in which it is told");
  });

  it("is of a container that has gone since", async () => {
    const host = begin("cgroup-v1");
    const scene = sceneOf(host, { sampling: sampleOf(host, ["/docker/gone"]) });
    const [usage] = (await explainName(scene, "memory_usage_bytes")) ?? [];
    expect(usage?.reason).toBe("/docker/gone has gone since it was sampled");
  });

  it("is not told by v2", async () => {
    const host = begin("cgroup-v2");
    const scene = sceneOf(host, { sampling: sampleOf(host, [SCOPE]) });
    const [migrate] = (await explainName(scene, "container_memory_migrate")) ?? [];
    expect(migrate).toMatchObject({ status: "absent", reason: "cgroup v2 does not tell it" });
  });

  it("stands in a file that the collector did not find", async () => {
    const host = begin("cgroup-v2");
    rmSync(join(host.cgroupRoot, SCOPE, "memory.swap.current"));
    const scene = sceneOf(host, { sampling: sampleOf(host, [SCOPE]) });
    const [swap] = (await explainName(scene, "memory_swap_bytes")) ?? [];
    expect(swap?.status).toBe("absent");
    expect(swap?.reason).toContain("memory.swap.current is not there");
    expect(swap?.remedy).toContain("swapaccount=1");
  });

  it("lacks its whole controller", async () => {
    const host = begin("cgroup-v1");
    rmSync(join(host.cgroupRoot, "memory"), { recursive: true });
    const scene = sceneOf(host, { sampling: sampleOf(host, ["/docker/web"]) });
    expect(await explainName(scene, "memory_usage_bytes")).toMatchObject([
      { reason: "the controller memory is not there", remedy: "see the finding controller.memory" },
    ]);
  });

  it("is measured of some containers only", async () => {
    const host = begin("cgroup-v2");
    const other = `/system.slice/docker-${"ab".repeat(32)}.scope`;
    host.write(`${other}/cpu.stat`, "usage_usec 1\nuser_usec 1\nsystem_usec 0\n");
    const scene = sceneOf(host, { sampling: sampleOf(host, [SCOPE, other]) });
    const [usage] = (await explainName(scene, "memory_usage_bytes")) ?? [];
    expect(usage).toMatchObject({ status: "partly", measured_of: 1, looked_at: 2 });
    expect(usage?.reason).toContain("memory.stat is not there");
  });

  it("is a part of a limit that there is not", async () => {
    const host = begin("cgroup-v2");
    const scene = sceneOf(host, { sampling: sampleOf(host, ["/system.slice"]) });
    const [ratio] = (await explainName(scene, "memory_limit_ratio")) ?? [];
    expect(ratio?.reason).toContain("part of a limit");
    const [throttled] = (await explainName(scene, "cpu_throttled_ratio")) ?? [];
    expect(throttled?.reason).toContain("CPU limit");
  });

  it("is off by the settings, or must be asked for", async () => {
    const host = begin("cgroup-v2");
    const scene = sceneOf(host, {
      sampling: sampleOf(host, [SCOPE]),
      wanted: ({ group }) => (group === "process" ? "stats" : "no"),
    });
    expect(await explainName(scene, "processes")).toMatchObject([{ status: "measured" }]);
    expect((await explainName(scene, "container_processes"))?.[0]).toMatchObject({
      status: "off",
      group: "process",
    });
    expect((await explainName(scene, "cpu_cores"))?.[0]?.reason).toBe("the group cpu is off");
    expect((await explainName(scene, "container_tasks_state"))?.[0]?.remedy).toBe(
      "set --load-reader",
    );
  });

  it("could not be had although it was asked for", async () => {
    const host = begin("cgroup-v2");
    const sampling = sampleOf(host, [SCOPE]);
    const why = { collector: "resctrl", what: "all", reason: "unsupported", detail: "not mounted" };
    sampling.absences.add(why);
    const [resctrl] =
      (await explainName(sceneOf(host, { sampling }), "container_llc_occupancy_bytes")) ?? [];
    expect(resctrl).toMatchObject({ status: "absent", reason: "all: not mounted (unsupported)" });
  });

  it("is explained whenever it is absent", async () => {
    const host = begin("cgroup-v1");
    const scene = sceneOf(host, { sampling: sampleOf(host, ["/", "/docker/web"]) });
    const all = await explainAll(scene);
    expect(all.length).toBeGreaterThan(10);
    for (const { name, reason } of all) expect(reason, name).toMatch(/\w/);
  });

  it("has a group, whose families are told one by one", async () => {
    const host = begin("cgroup-v2");
    const scene = sceneOf(host, { sampling: sampleOf(host, [SCOPE]) });
    const pressure = (await explainName(scene, "pressure")) ?? [];
    expect(pressure[0]).toMatchObject({ kind: "group", status: "measured" });
    expect(pressure.map(({ name }) => name)).toContain(
      "container_pressure_cpu_waiting_seconds_total",
    );
  });
});
