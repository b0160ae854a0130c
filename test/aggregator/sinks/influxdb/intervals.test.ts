import { beforeEach, describe, expect, test } from "vitest";

import type { Batch } from "../../../../aggregator/model/batch.ts";
import { Intervals } from "../../../../aggregator/sinks/influxdb/intervals.ts";
import type { Row } from "../../../../aggregator/sinks/influxdb/node-interval.ts";
import type { Container } from "../../../../wire/container.ts";
import { containerOf, everySecond } from "../../fakes/samples.ts";

/** The beginning of an interval. */
const T0 = Date.parse("2026-01-01T00:00:00Z");
const LIMITS = { cpu_cores: 2, memory_bytes: 1000, pids: null };

const machine = containerOf("/");
const web = containerOf("/docker/web", {
  name: "web",
  runtime: "docker",
  image: "nginx:1",
  started_at: new Date(T0 - 5000).toISOString(),
  labels: { team: "shop", secret: "kept back" },
  limits: LIMITS,
});

function podContainer(name: string, pod = "api-0", namespace = "shop"): Container {
  return containerOf(`/kubepods/${pod}/${name}`, {
    name: `k8s_${name}`,
    runtime: "containerd",
    labels: { "io.kubernetes.container.name": name, "io.kubernetes.pod.uid": "uid" },
    groups: { namespace, pod },
    limits: LIMITS,
  });
}

let now: number;
let intervals: Intervals;

function open(resolution = 15_000): Intervals {
  const labels = new Set(["team"]);
  return new Intervals({ clusterName: "lab", labels, resolution, now: () => now });
}

beforeEach(() => {
  now = T0;
  intervals = open();
});

/** Samples of so many seconds; the first one is at `from` seconds. */
function samples(
  container: Container,
  from: number,
  count: number,
  values: (second: number) => Readonly<Record<string, number>>,
  node = "host-1",
): Batch {
  const rows = Array.from({ length: count }, (_, index) => values(from + index));
  return everySecond(node, container, T0 + from * 1000, rows);
}

const constant = (memory: number) => (): Record<string, number> => ({ memory_usage_bytes: memory });

/** Rows of a type, as seconds since T0 and the numbers of one metric. */
function shown(rows: readonly Row[], type: string, metric = "memory/usage"): unknown[] {
  return rows
    .filter(({ tags }) => tags["type"] === type)
    .flatMap(({ time, values }) =>
      values
        .filter(({ name }) => name === metric)
        .map(({ average, max, min }) => [(time - T0) / 1000, average, max, min]),
    );
}

describe("a container", () => {
  test("has a row at the end of each interval, as soon as the next one has begun", () => {
    const memory = (second: number): Record<string, number> => ({ memory_usage_bytes: second });
    expect(intervals.take(samples(web, 0, 15, memory))).toEqual([]);
    const rows = intervals.take(samples(web, 15, 1, memory));
    expect(shown(rows, "sys_container")).toEqual([[15, 7, 14, 0]]);
    expect(intervals.take(samples(web, 16, 14, memory))).toEqual([]);
    expect(shown(intervals.take(samples(web, 30, 1, memory)), "sys_container")).toEqual([
      [30, 22, 29, 15],
    ]);
  });

  test("has Heapster's tags and units, its limits and how long it has run", () => {
    intervals.take(samples(web, 0, 15, () => ({ cpu_cores: 0.25 })));
    const [row] = intervals.take(samples(web, 15, 1, constant(1)));
    expect(row!.tags).toEqual({
      cluster_name: "lab",
      container_base_image: "nginx:1",
      container_name: "web",
      labels: "team:shop",
      nodename: "host-1",
      type: "sys_container",
    });
    const values = Object.fromEntries(row!.values.map(({ name, average }) => [name, average]));
    expect(values).toEqual({
      "cpu/usage_rate": 250,
      "cpu/limit": 2000,
      "memory/limit": 1000,
      uptime: 20_000,
    });
  });

  test("that is started anew goes on in its series", () => {
    const again = { ...web, id: "/docker/web-again" };
    intervals.take([...samples(web, 0, 5, constant(10)), ...samples(again, 5, 10, constant(40))]);
    const rows = intervals.take(samples(again, 15, 1, constant(40)));
    expect(shown(rows, "sys_container")).toEqual([[15, 30, 40, 10]]);
    expect(shown(rows, "sys_container", "memory/limit")).toEqual([
      [15, 1000, undefined, undefined],
    ]);
  });
});

describe("an interval", () => {
  test("whose beginning is not known stands at its last sample", () => {
    intervals.take(samples(web, 5, 10, constant(1)));
    expect(shown(intervals.take(samples(web, 15, 1, constant(1))), "sys_container")).toEqual([
      [14, 1, 1, 1],
    ]);
  });

  test("that ends with the program stands at its last sample, and what follows at another time", () => {
    intervals.take(samples(web, 0, 8, constant(1)));
    expect(shown(intervals.flush(), "sys_container")).toEqual([[7, 1, 1, 1]]);
    const next = open();
    next.take(samples(web, 8, 7, constant(3)));
    expect(shown(next.take(samples(web, 15, 1, constant(3))), "sys_container")).toEqual([
      [14, 3, 3, 3],
    ]);
  });

  test("that was written is not written again for what comes late", () => {
    intervals.take(samples(web, 0, 16, constant(1)));
    intervals.take(samples(machine, 3, 12, constant(9)));
    expect(shown(intervals.take(samples(web, 16, 15, constant(1))), "node")).toEqual([]);
    expect(intervals.late).toBe(12);
  });

  test("of a node that falls silent is ended, and goes on where the node comes back", () => {
    intervals.take(samples(web, 0, 8, constant(1)));
    now = T0 + 90_000;
    const other = intervals.take(samples(web, 80, 1, constant(1), "host-2"));
    expect(shown(other, "sys_container")).toEqual([[7, 1, 1, 1]]);
    intervals.take(samples(web, 7, 8, constant(5)));
    const rows = intervals.take(samples(web, 15, 1, constant(5)));
    expect(shown(rows, "sys_container")).toEqual([[14, 5, 5, 5]]);
    expect(intervals.late).toBe(1);
  });

  test("goes on after a clock was set back", () => {
    intervals.take(samples(web, 3600, 16, constant(1)));
    const rows = intervals.take(samples(web, 0, 16, constant(2)));
    expect(shown(rows, "sys_container")).toContainEqual([15, 2, 2, 2]);
  });
});

describe("a pod", () => {
  const main = podContainer("main");
  const side = podContainer("side");
  const sandbox = podContainer("POD");

  test("is the sum of its containers second by second", () => {
    intervals.take([
      ...samples(main, 0, 15, (second) => ({ memory_usage_bytes: second < 5 ? 10 : 0 })),
      ...samples(side, 0, 15, (second) => ({ memory_usage_bytes: second < 5 ? 0 : 10 })),
      ...samples(sandbox, 0, 15, () => ({ network_receive_bytes_per_second: 7 })),
    ]);
    const rows = intervals.take(samples(main, 15, 1, constant(0)));
    expect(shown(rows, "pod")).toEqual([[15, 10, 10, 10]]);
    expect(shown(rows, "pod", "network/rx_rate")).toEqual([[15, 7, 7, 7]]);
    const names = rows.map(({ tags }) => tags["container_name"]).filter(Boolean);
    expect(names).toEqual(["main", "side"]);
    expect(rows.find(({ tags }) => tags["type"] === "pod")!.tags).toEqual({
      cluster_name: "lab",
      namespace_name: "shop",
      nodename: "host-1",
      pod_name: "api-0",
      type: "pod",
    });
  });

  test("has in a second without a sample what it had before", () => {
    const [stretch] = samples(main, 0, 15, constant(10));
    // The pass of second 7 came only in second 8, beside its own.
    const times = stretch!.times.map((time, index) => (index === 7 ? time + 1000 : time));
    intervals.take([{ ...stretch!, times }, ...samples(side, 0, 15, constant(5))]);
    const rows = intervals.take(samples(main, 15, 1, constant(10)));
    expect(shown(rows, "pod")).toEqual([[15, 15, 15, 15]]);
  });

  test("counts a container only for as long as it was there", () => {
    intervals.take([...samples(main, 0, 15, constant(10)), ...samples(side, 0, 3, constant(30))]);
    const rows = intervals.take(samples(main, 15, 1, constant(10)));
    expect(shown(rows, "pod")).toEqual([[15, 16, 40, 10]]);
  });
});

describe("what runs inside of another container", () => {
  test("counts there and nowhere else", () => {
    const inner = { ...web, id: "/docker/web/docker/inner", name: "inner" };
    intervals.take([...samples(inner, 0, 15, constant(1)), ...samples(web, 0, 15, constant(1))]);
    const batch = [...samples(web, 15, 1, constant(1)), ...samples(machine, 15, 1, constant(1))];
    intervals.take(batch);
    const rows = intervals.take([
      ...samples(machine, 16, 15, constant(1)),
      ...samples(web, 16, 15, constant(1)),
    ]);
    expect(shown(rows, "node", "memory/limit")).toEqual([[30, 1000, undefined, undefined]]);
  });
});

describe("the cluster", () => {
  const main = podContainer("main");
  const other = podContainer("main", "api-1");

  function bothNodes(from: number, count: number): Row[] {
    return [
      ...intervals.take(samples(main, from, count, constant(10))),
      ...intervals.take(samples(other, from, count, constant(20), "host-2")),
    ];
  }

  test("and its namespaces are the sums over nodes, written once all have told", () => {
    bothNodes(0, 61);
    now += 61_000;
    const one = intervals.take(samples(main, 61, 15, constant(10)));
    expect(shown(one, "cluster").map((row) => (row as number[])[0])).toEqual([15, 30, 45, 60]);
    const rows = intervals.take(samples(other, 61, 15, constant(20), "host-2"));
    expect(shown(rows, "cluster")).toEqual([[75, 30, 30, 30]]);
    expect(shown(rows, "ns")).toEqual([[75, 30, 30, 30]]);
    expect(shown(rows, "ns", "cpu/limit")).toEqual([[75, 4000, undefined, undefined]]);
  });

  test("has no part for the whole: before all nodes were heard of nothing is written", () => {
    now += 59_000;
    expect(shown(bothNodes(0, 61), "cluster")).toEqual([]);
  });

  test("of what was before the program began is never where the whole may be", () => {
    now = T0 + 20_000;
    intervals = open();
    bothNodes(0, 61);
    now += 60_000;
    const rows = intervals.take(samples(main, 61, 1, constant(10)));
    expect(shown(rows, "cluster").map((row) => (row as number[])[0])).toEqual([
      14.999, 29.999, 45, 60,
    ]);
  });

  test("does not wait for a node whose clock is far behind for ever", () => {
    intervals.take(samples(other, -86_400, 16, constant(20), "host-2"));
    for (let turn = 0; turn < 30; turn++) {
      now += 15_000;
      intervals.take(samples(other, -86_384 + turn, 1, constant(20), "host-2"));
      const rows = intervals.take(samples(main, turn * 15, 15, constant(10)));
      if (turn > 20) expect(shown(rows, "cluster").length).toBe(1);
    }
  });
});
