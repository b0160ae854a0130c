import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { Absences } from "../../../agent/collectors/absences.ts";
import { allCollectors } from "../../../agent/collectors/all.ts";
import type { Host } from "../../../agent/collectors/collector.ts";
import { diagnose } from "../../../agent/diagnostics/diagnosis.ts";
import type { Finding } from "../../../agent/diagnostics/finding.ts";
import type { Scene } from "../../../agent/diagnostics/scene.ts";
import { Tracked } from "../../../agent/window/tracked.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { ROW_WIDTH } from "../../../wire/metrics/all.ts";
import type { FakeKernel } from "../fake-kernel.ts";

/** `/proc/self/ns` of a program on the machine itself. */
const FIRST_NAMESPACES = { cgroup: "cgroup:[4026531835]", pid: "pid:[4026531836]" };

/** Files that every machine has; `CapEff` is root's. */
export function furnish(
  kernel: FakeKernel,
  namespaces: Partial<typeof FIRST_NAMESPACES> = {},
): void {
  kernel.proc("stat", "cpu  1 2 3\n");
  kernel.proc("meminfo", "MemTotal: 1 kB\n");
  kernel.proc("uptime", "1.00 2.00\n");
  kernel.proc("cmdline", "quiet\n");
  kernel.proc("self/status", "CapEff:\t000001ffffffffff\n");
  kernel.proc(
    "self/limits",
    "Max open files            20000                20000                files\n",
  );
  kernel.proc("self/mountinfo", `24 1 0:5 / ${kernel.procRoot} rw - proc proc rw\n`);
  kernel.proc("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
  for (const [kind, link] of Object.entries({ ...FIRST_NAMESPACES, ...namespaces })) {
    const directory = join(kernel.procRoot, "self/ns");
    mkdirSync(directory, { recursive: true });
    symlinkSync(link, join(directory, kind));
  }
}

/** Samples some cgroups of a fake kernel once, as the agent does. */
export function sampleOf(
  kernel: FakeKernel,
  ids: readonly string[],
): NonNullable<Scene["sampling"]> {
  const host: Host = kernel.host();
  const all = ids.map((id) => {
    const cgroup = cgroupAt(kernel.hierarchies, id);
    const describe = (limits: typeof NO_LIMITS) => ({
      id,
      name: id,
      labels: {},
      groups: {},
      limits,
    });
    const tracked = new Tracked(cgroup, allCollectors, host, 2, 1, describe);
    tracked.sample(
      1,
      0,
      () => 0,
      new Float64Array(ROW_WIDTH),
      () => {},
    );
    return tracked;
  });
  return { host, absences: new Absences(), sampled: () => all };
}

/** What the checks look at in a fake kernel. */
export function sceneOf(kernel: FakeKernel, more: Partial<Scene> = {}): Scene {
  return {
    node: "host-1",
    procRoot: kernel.procRoot,
    sysRoot: kernel.sysRoot,
    cgroupRoot: kernel.cgroupRoot,
    rootfs: kernel.root,
    kmsgPath: "/dev/null",
    hierarchies: kernel.hierarchies,
    engines: [],
    sampling: undefined,
    wanted: () => "everywhere",
    asksFor: { perf: false, resctrl: false },
    stores: [],
    listen: undefined,
    clock: { now: () => 1_795_000_000_000, monotonic: () => 0 },
    clockOffset: 1_795_000_000_000,
    ...more,
  };
}

/** The finding of an id. */
export async function found(scene: Scene, id: string): Promise<Finding | undefined> {
  const { findings } = await diagnose(scene);
  return findings.find((finding) => finding.id === id);
}
