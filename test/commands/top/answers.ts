import type { ContainerStats, Values } from "../../../wire/stats/answer.ts";
import type { StatsAnswer } from "../../../wire/stats/encode.ts";

/** A container as `/stats` tells it; `latest` is what it uses now. */
export function container(
  name: string,
  latest: Values = {},
  rest: Partial<ContainerStats> = {},
): ContainerStats {
  return {
    id: `/docker/${name}`,
    container_id: name,
    name,
    image: "busybox:1",
    runtime: "docker",
    state: "running",
    labels: {},
    groups: {},
    limits: { cpu_cores: null, memory_bytes: null, pids: null },
    latest,
    window: {},
    ...rest,
  };
}

/** An answer of `/stats`, of a second of the 21st of November 2026 in this machine's zone. */
export function answer(
  containers: readonly ContainerStats[],
  second = 0,
  node = "host-1",
): StatsAnswer {
  return {
    node,
    time: timeOf(second),
    interval_seconds: 1,
    window_seconds: 60,
    containers,
  };
}

/** RFC 3339; on a screen it reads 14:00 and so many seconds, wherever the tests run. */
export function timeOf(second: number): string {
  return new Date(2026, 10, 21, 14, 0, second).toISOString();
}
