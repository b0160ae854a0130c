import { beforeAll, expect, test } from "vitest";

import { Cluster } from "../../../aggregator/model/cluster.ts";
import { type HeapsterSet, heapsterSets } from "../../../aggregator/model/heapster.ts";
import { FakeNode } from "../fakes/agent.ts";
import { FLEET_START, machine, passAll, twoNodes } from "../fakes/fleet.ts";
import { containerOf } from "../fakes/samples.ts";

let sets: HeapsterSet[];

function setsOf(cluster: Cluster, time: number): HeapsterSet[] {
  const view = { nodes: cluster.nodes(time), subjects: cluster.subjects(time) };
  return heapsterSets(view, { time, resolution: 15_000 });
}

/** Values by name, with the resource behind it where there are several. */
function valuesOf(key: string, of: readonly HeapsterSet[] = sets): Record<string, number> {
  const set = of.find((one) => one.key === key);
  return Object.fromEntries(
    (set?.values ?? []).map(({ name, resourceId, value }) => [
      resourceId === undefined ? name : `${name} ${resourceId}`,
      value,
    ]),
  );
}

beforeAll(async () => {
  const cluster = new Cluster();
  const [one, two] = twoNodes();
  const podLabels = {
    "io.kubernetes.pod.uid": "uid-1",
    "io.kubernetes.container.name": "side",
  };
  two.add(
    containerOf("/kubepods/pod1/side", {
      name: "k8s_side",
      image: "side:1",
      runtime: "cri-o",
      started_at: "2026-01-01T00:00:10.000Z",
      restarts: 3,
      labels: podLabels,
      groups: { namespace: "default", pod: "api" },
      limits: { cpu_cores: 0.5, memory_bytes: 4000, pids: null },
    }),
    (tick) => ({ cpu_usage_nanoseconds: 0.25e9 * tick, memory_usage_bytes: 30 }),
  );
  two.add(
    containerOf("/kubepods/pod1/pause", {
      name: "k8s_POD",
      runtime: "cri-o",
      labels: { "io.kubernetes.container.name": "POD" },
      groups: { namespace: "default", pod: "api" },
    }),
    (tick) => ({
      cpu_usage_nanoseconds: 0,
      memory_usage_bytes: 1,
      network_receive_bytes: 70 * tick,
    }),
  );
  for (let turn = 0; turn < 3; turn++) await passAll([one, two], 15, cluster);
  sets = setsOf(cluster, FLEET_START + 45_700);
});

test("has Heapster's keys and types", () => {
  expect(Object.fromEntries(sets.map(({ key, type }) => [key, type]))).toEqual({
    cluster: "cluster",
    "node:n1": "node",
    "node:n2": "node",
    "node:n1/container:system.slice": "sys_container",
    "node:n1/container:web-1": "sys_container",
    "node:n2/container:web-2": "sys_container",
    "node:n2/container:db-1": "sys_container",
    "namespace:default": "ns",
    "namespace:default/pod:api": "pod",
    "namespace:default/pod:api/container:app": "pod_container",
    "namespace:default/pod:api/container:side": "pod_container",
  });
});

test("a pod is the sum of its containers, not its pause container", () => {
  expect(valuesOf("namespace:default/pod:api")).toMatchObject({
    "cpu/usage_rate": 313,
    "memory/usage": 45 + 10 + 30 + 1,
    "network/rx_rate": 62.5 + 70,
    "cpu/limit": 500,
    "memory/limit": 4000,
    uptime: 35_700,
  });
  // The sum of counters would go back with each container that goes.
  expect(valuesOf("namespace:default/pod:api")).not.toHaveProperty("cpu/usage");
});

test("says of a container what Heapster says, in its units", () => {
  const key = "namespace:default/pod:api/container:side";
  expect(valuesOf(key)).toEqual({
    uptime: 35_700,
    "cpu/usage": 45 * 0.25e9,
    "cpu/usage_rate": 250,
    "memory/usage": 30,
    "cpu/limit": 500,
    "memory/limit": 4000,
    restart_count: 3,
  });
  expect(sets.find((set) => set.key === key)!.labels).toEqual({
    type: "pod_container",
    nodename: "n2",
    hostname: "n2",
    namespace_name: "default",
    pod_name: "api",
    pod_id: "uid-1",
    container_name: "side",
    container_base_image: "side:1",
    labels: "io.kubernetes.container.name:side,io.kubernetes.pod.uid:uid-1",
  });
});

test("namespaces and the cluster have the working set too, and nothing twice", () => {
  expect(Object.keys(valuesOf("namespace:default")).toSorted()).toEqual([
    "cpu/limit",
    "cpu/usage_rate",
    "memory/limit",
    "memory/usage",
    "memory/working_set",
  ]);
  // web-1, web-2, db-1 and the pod; what runs inside of web-1 is in web-1.
  expect(valuesOf("cluster")["cpu/usage_rate"]).toBe(500 + 250 + 1000 + 313 - 1 + 1);
});

test("a node is its root cgroup, and its utilization that of the working set", () => {
  expect(valuesOf("node:n1")).toMatchObject({
    "cpu/usage_rate": 1500,
    "cpu/node_capacity": 2000,
    "cpu/node_allocatable": 2000,
    "cpu/node_utilization": 0.75,
    "memory/usage": 5000,
    "memory/node_utilization": 5000 / 4e9,
    "memory/limit": 4000,
  });
  expect(valuesOf("node:n1")).not.toHaveProperty("cpu/node_reservation");
});

test("a counter that goes back gives no negative rate", async () => {
  const cluster = new Cluster();
  const node = new FakeNode("n1", FLEET_START);
  node.add(containerOf("/"), machine(1, 10));
  node.add(containerOf("/docker/web", { name: "web", runtime: "docker" }), (tick) => ({
    cpu_usage_nanoseconds: (tick % 5) * 1e9,
  }));
  await passAll([node], 20, cluster);
  const found = valuesOf("node:n1/container:web", setsOf(cluster, node.time));
  expect(found["cpu/usage_rate"]).toBe(1000);
});

test("has nothing of what has been silent", async () => {
  const cluster = new Cluster();
  const node = new FakeNode("n1", FLEET_START);
  node.add(containerOf("/"), machine(1, 10));
  await passAll([node], 20, cluster);
  const late = setsOf(cluster, node.time + 90_000);
  expect(late.map(({ key }) => key)).toEqual(["node:n1"]);
  expect(valuesOf("node:n1", late)).not.toHaveProperty("cpu/usage_rate");
});
