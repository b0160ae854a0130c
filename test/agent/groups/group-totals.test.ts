import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { GroupTotals } from "../../../agent/groups/group-totals.ts";
import type { Tracked } from "../../../agent/window/tracked.ts";
import { Window } from "../../../agent/window/window.ts";
import { groupsOf } from "../../../wire/groups.ts";
import { allMetrics, columnOf } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { groupCounters } from "../../../wire/metrics/groups.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import type { Metric } from "../../../wire/metrics/metric.ts";
import { networkMetrics } from "../../../wire/metrics/network.ts";
import { Ring } from "../../../wire/ring.ts";

type Values = readonly (readonly [Metric, number])[];

const compose = (project: string, service: string): Record<string, string> => ({
  "com.docker.compose.project": project,
  "com.docker.compose.service": service,
});

/** A window with groups, pass by pass; its cgroups have no files. */
/** Only a cgroup that may be a container's is looked at. */
function cgroupOf(id: string): string {
  return `/docker/${Buffer.from(id).toString("hex").padEnd(64, "0")}`;
}

class Scene {
  readonly window: Window = new Window(5, 5000);
  readonly groups: GroupTotals = new GroupTotals(this.window);
  time = 1_000_000;

  add(id: string, labels: Record<string, string>): Tracked {
    const ring = new Ring(6, allMetrics.length);
    const tracked = {
      cgroup: { id: cgroupOf(id) },
      ring,
      container: { id, name: id, runtime: "docker", labels, groups: groupsOf(labels) },
      newestValue: (column: number) => ring.valueAt(ring.length - 1, column),
      close: () => {},
    } as unknown as Tracked;
    this.window.add(tracked);
    return tracked;
  }

  sample({ ring }: Tracked, values: Values, isAnew = false): void {
    const row = new Float64Array(allMetrics.length).fill(Number.NaN);
    for (const [metric, value] of values) row[columnOf(metric)] = value;
    const interval = isAnew || ring.length === 0 ? Number.NaN : 1000;
    ring.push(this.window.tick + 1, this.time, interval, row);
  }

  pass(): void {
    this.time += 1000;
    this.window.endPass(this.window.beginPass(), this.time);
  }

  total(labels: string, metric: Metric): number | undefined {
    const place = groupCounters.findIndex(({ of }) => of === metric);
    return this.groups.totals.get(labels)?.counters[place];
  }
}

const SHOP = 'group="compose_project",name="shop"';
const { usage } = cpuMetrics;
const received = networkMetrics.receive.bytes;

const life = fc.record({
  grown: fc.integer({ min: 0, max: 1_000_000 }),
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constant("go on" as const) },
    { weight: 2, arbitrary: fc.constantFrom("begin anew", "be made anew", "go", "be mute") },
  ),
});

describe("the counters of a group", () => {
  it("never go back, and have grown by exactly what their containers did", () => {
    const lives = fc.array(fc.array(life, { minLength: 3, maxLength: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(lives, fc.integer({ min: 0, max: 10_000 }), (passes, before) => {
        const scene = new Scene();
        const counted = [before, before, before];
        // What has been measured of it; undefined before the first time in this life.
        const seen: (number | undefined)[] = [...counted];
        const cgroups: (Tracked | undefined)[] = [0, 1, 2].map((index) =>
          scene.add(`/${index}`, compose("shop", `s${index}`)),
        );
        for (const [index, cgroup] of cgroups.entries()) {
          scene.sample(cgroup!, [[usage, counted[index]!]]);
        }
        scene.pass();
        let truth = 0;
        let last = 0;
        for (const pass of passes) {
          for (const [index, { grown, what }] of pass.entries()) {
            const isAnew = what === "begin anew" || what === "be made anew";
            let cgroup = cgroups[index];
            if (cgroup !== undefined && (what === "go" || what === "be made anew")) {
              scene.window.remove(cgroupOf(`/${index}`), scene.time, scene.window.tick);
              cgroup = cgroups[index] = undefined;
            }
            if (what === "go") continue;
            if (isAnew || cgroup === undefined) {
              counted[index] = 0;
              seen[index] = undefined;
            }
            cgroup ??= cgroups[index] = scene.add(`/${index}`, compose("shop", `s${index}`));
            counted[index]! += grown;
            const isMute = what === "be mute" && seen[index] !== undefined;
            scene.sample(cgroup, isMute ? [] : [[usage, counted[index]!]], isAnew);
            if (isMute) continue;
            truth += counted[index]! - (seen[index] ?? 0);
            seen[index] = counted[index]!;
          }
          scene.pass();
          const total = scene.total(SHOP, usage)!;
          expect(total).toBe(truth);
          expect(total).toBeGreaterThanOrEqual(last);
          last = total;
        }
      }),
    );
  });

  it("begin with what was used since the agent looks on", () => {
    const scene = new Scene();
    const old = scene.add("/old", compose("shop", "db"));
    scene.sample(old, [[usage, 5e9]]);
    scene.pass();
    expect(scene.total(SHOP, usage)).toBe(0);
    const made = scene.add("/made", compose("shop", "web"));
    scene.sample(made, [[usage, 7]]);
    scene.sample(old, [[usage, 5e9 + 3]]);
    scene.pass();
    expect(scene.total(SHOP, usage)).toBe(10);
    expect(scene.total(SHOP, received)).toBeNaN();
  });

  it("take up what was used before its engine told who it is", () => {
    const scene = new Scene();
    scene.pass();
    const cgroup = scene.add("/made", {});
    for (const value of [5, 12, 30]) {
      scene.sample(cgroup, [[usage, value]]);
      scene.pass();
    }
    expect(scene.groups.totals.size).toBe(0);
    const labels = compose("shop", "web");
    cgroup.container = { ...cgroup.container, labels, groups: groupsOf(labels) };
    scene.pass();
    expect(scene.total(SHOP, usage)).toBe(30);
    scene.pass();
    expect(scene.total(SHOP, usage)).toBe(30);
  });

  it("don't take what goes back for a new beginning, nor another's network for one's own", () => {
    const scene = new Scene();
    scene.pass();
    const cgroup = scene.add("/made", compose("shop", "web"));
    for (const value of [1000, 400, 450]) {
      scene.sample(cgroup, [[usage, value]]);
      scene.pass();
    }
    expect(scene.total(SHOP, usage)).toBe(1050);
    for (let second = 0; second < 20; second++) {
      scene.sample(cgroup, [[usage, 450]]);
      scene.pass();
    }
    scene.sample(cgroup, [[received, 1e12]]);
    scene.pass();
    scene.sample(cgroup, [[received, 1e12 + 5]]);
    scene.pass();
    expect(scene.total(SHOP, received)).toBe(5);
  });
});

describe("groups", () => {
  it("of one name in two places are two", () => {
    const scene = new Scene();
    scene.pass();
    for (const project of ["shop", "blog"]) {
      const cgroup = scene.add(`/${project}`, compose(project, "web"));
      scene.sample(cgroup, [
        [usage, 1],
        [memoryMetrics.workingSet, 100],
      ]);
    }
    const task = scene.add("/task", {
      "com.docker.stack.namespace": "shop",
      "com.docker.swarm.service.name": "shop_web",
      "com.docker.swarm.task.name": "shop_web.1.x",
    });
    const pod = scene.add("/pod", {
      "io.kubernetes.pod.namespace": "default",
      "io.kubernetes.pod.name": "web-0",
    });
    for (const cgroup of [task, pod]) scene.sample(cgroup, [[usage, 1]]);
    scene.pass();
    expect([...scene.groups.totals.keys()]).toEqual([
      'group="compose_project",name="shop"',
      'group="service",name="web",compose_project="shop"',
      'group="compose_project",name="blog"',
      'group="service",name="web",compose_project="blog"',
      'group="service",name="shop_web",stack="shop"',
      'group="stack",name="shop"',
      'group="namespace",name="default"',
      'group="pod",name="web-0",namespace="default"',
    ]);
    const shop = scene.groups.totals.get(SHOP);
    expect([shop?.size, ...shop!.gauges]).toEqual([1, 100]);
  });

  it("without containers are kept for ten minutes, and two hundred of them at most", () => {
    const scene = new Scene();
    for (let index = 0; index < 1100; index++) {
      const cgroup = scene.add(`/${index}`, { "com.docker.compose.project": `p${index}` });
      scene.sample(cgroup, [[usage, 1]]);
      scene.pass();
      scene.window.remove(cgroupOf(`/${index}`), scene.time, scene.window.tick);
    }
    scene.pass();
    expect(scene.groups.totals.size).toBe(200);
    expect(scene.groups.totals.has('group="compose_project",name="p99"')).toBe(false);
    const last = scene.groups.totals.get('group="compose_project",name="p1099"');
    expect(last?.size).toBe(0);
    expect(last?.gauges[0]).toBeNaN();
    scene.time += 600_000;
    scene.pass();
    expect(scene.groups.totals.size).toBe(0);
  });
});
