import { beforeEach, describe, expect, test } from "vitest";

import { encodeLevelGroups } from "../../../aggregator/api/level-page.ts";
import { Cluster } from "../../../aggregator/model/cluster.ts";
import { FakeNode } from "../fakes/agent.ts";
import { feedOf, FLEET_START, machine, passAll, shopContainer, use } from "../fakes/fleet.ts";
import { containerOf } from "../fakes/samples.ts";

const CPU = "plimsoll_group_cpu_usage_seconds_total";

let cluster: Cluster;
let one: FakeNode;
let two: FakeNode;

beforeEach(() => {
  cluster = new Cluster();
  one = new FakeNode("n1", FLEET_START);
  two = new FakeNode("n2", FLEET_START);
});

/** The value of a series; undefined if there is none. */
async function valueOf(family: string, level: string, name: string): Promise<number | undefined> {
  const page = await encodeLevelGroups(cluster, "lab", one.time);
  const start = `${family}{level="${level}",name="${name}"} `;
  const line = page.split("\n").find((text) => text.startsWith(start));
  return line === undefined ? undefined : Number(line.slice(start.length));
}

describe("counters of levels", () => {
  test("count what has been used since we look on, over all nodes", async () => {
    one.add(shopContainer("web-1", "web"), use(0.5, 100));
    two.add(shopContainer("web-2", "web"), use(1, 100));
    await passAll([one, two], 10, cluster);
    // The first of ten samples only says where the counter stands.
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(9 * 1.5, 9);
    await passAll([one, two], 10, cluster);
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(19 * 1.5, 9);
    expect(await valueOf(CPU, "compose_project", "shop")).toBeCloseTo(19 * 1.5, 9);
    expect(await valueOf("plimsoll_group_containers", "service", "shop/web")).toBe(2);
    expect(await valueOf("plimsoll_group_containers", "cluster", "lab")).toBe(2);
    expect(await valueOf("plimsoll_group_cpu_capacity_cores", "cluster", "lab")).toBe(4);
  });

  test("go on where a container is made anew, and stay when the last has gone", async () => {
    one.add(shopContainer("web-1", "web"), use(0.5, 100));
    await passAll([one], 10, cluster);
    one.remove("/docker/web-1");
    const made = one.tick;
    one.add(shopContainer("web-2", "web"), (tick) => use(0.5, 100)(tick - made));
    await passAll([one], 10, cluster);
    // Of the new one all counts: it was made while we looked on.
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(9 * 0.5 + 10 * 0.5, 9);
    one.remove("/docker/web-2");
    await passAll([one], 10, cluster);
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(9.5, 9);
    expect(await valueOf("plimsoll_group_containers", "service", "shop/web")).toBe(0);
    cluster.forget(one.time + 3_500_000);
    expect(await valueOf(CPU, "service", "shop/web")).toBeDefined();
    cluster.forget(one.time + 3_700_000);
    expect(await valueOf(CPU, "service", "shop/web")).toBeUndefined();
  });

  test("count a container on over a restart of its agent, and over a cut longer than its window", async () => {
    // A counter of the kernel's, which knows nothing of passes.
    const usage = (): Record<string, number> => ({
      cpu_usage_nanoseconds: ((one.time - FLEET_START) / 1000) * 1e9,
    });
    one.add(shopContainer("web-1", "web"), usage);
    await passAll([one], 10, cluster);
    one.restart("run2", 30);
    await passAll([one], 10, cluster);
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(49, 9);
    one.pass(200);
    cluster.apply(await feedOf(one, one.tick - 10), one.time);
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(249, 9);
  });

  test("count a container that begins anew under the same path from zero", async () => {
    one.add(shopContainer("web-1", "web"), use(1, 100));
    await passAll([one], 10, cluster);
    one.remove("/docker/web-1");
    const began = one.tick;
    one.add(shopContainer("web-1", "web"), (tick) => use(1, 100)(tick - began));
    await passAll([one], 5, cluster);
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(9 + 5, 9);
  });

  test("never go back where a part of a counter goes away", async () => {
    one.add(shopContainer("web-1", "web"), (tick) => ({
      network_receive_bytes: tick < 5 ? 1000 * tick : 10 * tick,
    }));
    await passAll([one], 10, cluster);
    const received = "plimsoll_group_network_receive_bytes_total";
    expect(await valueOf(received, "service", "shop/web")).toBe(3000 + 50);
  });

  test("take the same answer twice only once, and what runs inside only with its container", async () => {
    one.add(containerOf("/"), machine(2, 700));
    one.add(shopContainer("web-1", "web"), use(0.5, 100));
    one.add({ ...shopContainer("in", "web"), id: "/docker/web-1/docker/in" }, use(0.25, 10));
    one.pass(10);
    const feed = await feedOf(one, 0);
    cluster.apply(feed, one.time);
    cluster.apply(feed, one.time);
    expect(await valueOf(CPU, "service", "shop/web")).toBeCloseTo(4.5, 9);
    expect(await valueOf("plimsoll_group_containers", "node", "n1")).toBe(1);
    // A machine is its root cgroup.
    expect(await valueOf(CPU, "node", "n1")).toBeCloseTo(18, 9);
    expect(await valueOf("plimsoll_group_memory_working_set_bytes", "cluster", "lab")).toBe(700);
  });
});
