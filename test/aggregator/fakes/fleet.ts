import type { Batch } from "../../../aggregator/model/batch.ts";
import type { Cluster } from "../../../aggregator/model/cluster.ts";
import type { Feed } from "../../../aggregator/model/feed.ts";
import { parseFeed } from "../../../aggregator/scrape/parse-feed.ts";
import type { Container } from "../../../wire/container.ts";
import { FakeNode, type Measure } from "./agent.ts";
import { containerOf } from "./samples.ts";

/** When the fleet begins. */
export const FLEET_START: number = Date.parse("2026-01-01T00:00:00Z");

const SECOND = 1e9;

/** A container of a compose project's service. */
export function shopContainer(
  id: string,
  service: string,
  limits: Partial<Container["limits"]> = {},
): Container {
  return containerOf(`/docker/${id}`, {
    container_id: id,
    name: id,
    runtime: "docker",
    labels: { team: "shop", own: id },
    groups: { compose_project: "shop", service },
    limits: { cpu_cores: null, memory_bytes: null, pids: null, ...limits },
  });
}

/** A container that uses so many cores, whose quota runs out in every n-th period. */
export function use(cores: number, memory: number, throttledEvery = 4): Measure {
  return (tick) => ({
    cpu_usage_nanoseconds: cores * SECOND * tick,
    cpu_periods: 10 * tick,
    cpu_throttled_periods: Math.floor((10 * tick) / throttledEvery),
    memory_usage_bytes: memory + tick,
    memory_working_set_bytes: memory + (tick % 7) * 10,
    network_receive_bytes: 1000 * cores * tick,
    pressure_cpu_some_microseconds: 1000 * throttledEvery * tick,
  });
}

/** What a machine uses, without quotas. */
export function machine(cores: number, memory: number): Measure {
  return (tick) => ({
    cpu_usage_nanoseconds: cores * SECOND * tick,
    memory_usage_bytes: memory,
    memory_working_set_bytes: memory,
  });
}

/** Two nodes whose passes lie at other parts of the second, with a shop, a pod, a task and the system. */
export function twoNodes(): [FakeNode, FakeNode] {
  const one = new FakeNode("n1", FLEET_START + 200);
  const two = new FakeNode("n2", FLEET_START + 700);
  one.add(containerOf("/"), machine(1.5, 5000));
  two.add(containerOf("/"), machine(1.75, 9000));
  one.add(containerOf("/system.slice"), use(0.25, 400));
  one.add(shopContainer("web-1", "web", { memory_bytes: 4000 }), use(0.5, 1000));
  one.add(containerOf("/docker/web-1/inner"), use(0.125, 100));
  two.add(shopContainer("web-2", "web", { memory_bytes: 16_000 }), use(0.25, 2000, 2));
  two.add(shopContainer("db-1", "db"), use(1, 3000, 5));
  two.add(
    containerOf("/kubepods/pod1/app", {
      name: "app",
      runtime: "cri-o",
      groups: { namespace: "default", pod: "api" },
    }),
    use(0.0625, 10),
  );
  return [one, two];
}

/** The answer of a node's feed since a cursor of its run. */
export async function feedOf(node: FakeNode, since: number): Promise<Feed> {
  async function* lines(): AsyncIterable<string> {
    yield* node.feed(`${node.run}-${since}`);
  }
  return parseFeed(lines());
}

/** Lets seconds pass on all nodes, then asks each once. */
export async function passAll(
  nodes: readonly FakeNode[],
  seconds: number,
  cluster: Cluster,
  keep: (batch: Batch) => void = () => undefined,
): Promise<void> {
  const before = nodes.map(({ tick }) => tick);
  for (const node of nodes) node.pass(seconds);
  for (const [index, node] of nodes.entries()) {
    keep(cluster.apply(await feedOf(node, before[index] ?? 0), node.time).batch);
  }
}
