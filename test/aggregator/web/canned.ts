import type { ContainerStats, Series } from "../../../wire/stats/answer.ts";

/** A container as `/stats` answers it; what a test does not care about has a plain value. */
export function aContainer(change: Partial<ContainerStats> = {}): ContainerStats {
  return {
    node: "host-1",
    id: `/docker/${change.name ?? "web"}`,
    name: "web",
    image: "nginx:1.29",
    runtime: "docker",
    state: "running",
    labels: {},
    groups: {},
    limits: { cpu_cores: null, memory_bytes: null, pids: null },
    latest: {},
    window: {},
    ...change,
  };
}

/** A series of one statistic whose highest values are its averages. */
export function aSeries(
  times: readonly number[],
  points: readonly (number | null)[],
  stat = "cpu_cores",
): Series {
  return { step_seconds: 5, times, values: { [stat]: { avg: points, max: points } } };
}

/** A cgroup that no engine owns. */
export function aCgroup(id: string): ContainerStats {
  return {
    node: "host-1",
    id,
    name: id,
    labels: {},
    groups: {},
    limits: { cpu_cores: null, memory_bytes: null, pids: null },
    latest: {},
    window: {},
  };
}
