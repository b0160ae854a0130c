import { ROOT } from "../../model/level.ts";
import type { ClusterView } from "../route.ts";
import { nodesOf } from "./nodes.ts";
import { type Pod, podsOf } from "./pods.ts";
import { cpuQuantity, goDuration, memoryQuantity, rfc3339 } from "./quantity.ts";
import type { Candidate, Column, KubernetesObject, Resource } from "./resource.ts";
import { type Usage, usageOf } from "./usage.ts";

/** The group of `kubectl top` and of the autoscaler. https://github.com/kubernetes/metrics */
export const METRICS_GROUP = { group: "metrics.k8s.io", version: "v1beta1" } as const;

const columns: readonly Column[] = [
  { name: "cpu", description: "CPU cores in use, averaged over the window." },
  { name: "memory", description: "Working set at the end of the window." },
  { name: "Window", description: "What the CPU is averaged over." },
];

/** What a node or a pod uses, and the cells of its row. */
interface Measured extends KubernetesObject {
  readonly cells: readonly string[];
}

const cellsOf = new WeakMap<KubernetesObject, readonly string[]>();

function cells(object: KubernetesObject): readonly string[] {
  return cellsOf.get(object) ?? [];
}

/** Keeps an object's cells at hand, which are no part of its JSON. */
function withCells({ cells: own, ...object }: Measured): KubernetesObject {
  cellsOf.set(object, own);
  return object;
}

function quantities({ cores, memoryBytes }: Pick<Usage, "cores" | "memoryBytes">): {
  readonly cpu: string;
  readonly memory: string;
} {
  return { cpu: cpuQuantity(cores), memory: memoryQuantity(memoryBytes) };
}

function measuredOver({ time, window }: Pick<Usage, "time" | "window">): {
  readonly timestamp: string;
  readonly window: string;
} {
  return { timestamp: rfc3339(time), window: goDuration(window) };
}

/** Nodes, each with what its machine uses: its root cgroup. */
export const nodeMetrics: Resource = {
  ...METRICS_GROUP,
  plural: "nodes",
  noun: "nodemetrics",
  kind: "NodeMetrics",
  isNamespaced: false,
  fields: ["metadata.name"],
  columns,
  cells,
  *candidates(view) {
    const now = view.clock.now();
    const roots = new Map<string, Usage | undefined>();
    for (const { node, container, ring } of view.cluster.recent(now)) {
      if (container.id === ROOT) roots.set(node, usageOf(ring));
    }
    for (const { name, state, isHeard, labels } of nodesOf(view)) {
      const usage = isHeard ? roots.get(state.node) : undefined;
      yield {
        name,
        labels,
        fields: { "metadata.name": name },
        make: () => usage && nodeObject({ name, labels }, usage, now),
      };
    }
  },
};

function nodeObject(
  { name, labels }: Pick<Candidate, "name" | "labels">,
  usage: Usage,
  now: number,
): KubernetesObject {
  const used = quantities(usage);
  const measured = measuredOver(usage);
  return withCells({
    metadata: { name, creationTimestamp: rfc3339(now), labels },
    ...measured,
    usage: used,
    cells: [used.cpu, used.memory, measured.window],
  });
}

/** Pods, each once all of its containers are measured. */
export const podMetrics: Resource = {
  ...METRICS_GROUP,
  plural: "pods",
  noun: "podmetrics",
  kind: "PodMetrics",
  isNamespaced: true,
  fields: ["metadata.name", "metadata.namespace"],
  columns,
  cells,
  *candidates(view: ClusterView) {
    const now = view.clock.now();
    const heard = new Set(
      nodesOf(view).flatMap(({ state, isHeard }) => (isHeard ? [state.node] : [])),
    );
    for (const pod of podsOf(view.cluster.recent(now))) {
      const { name, namespace, labels } = pod;
      const fields = { "metadata.name": name, "metadata.namespace": namespace };
      const make = (): KubernetesObject | undefined =>
        heard.has(pod.node) ? podObject(pod, now) : undefined;
      yield { name, namespace, labels, fields, make };
    }
  },
};

function podObject(
  { name, namespace, labels, containers }: Pod,
  now: number,
): KubernetesObject | undefined {
  const used: { name: string; usage: Usage }[] = [];
  for (const container of containers) {
    const usage = usageOf(container.subject.ring);
    if (usage === undefined) return undefined;
    used.push({ name: container.name, usage });
  }
  // The time of a pod is that of the container that was measured first.
  const [first] = used.toSorted((a, b) => a.usage.time - b.usage.time);
  if (first === undefined) return undefined;
  const measured = measuredOver(first.usage);
  const sum = quantities({
    cores: used.reduce((cores, { usage }) => cores + usage.cores, 0),
    memoryBytes: used.reduce((bytes, { usage }) => bytes + usage.memoryBytes, 0),
  });
  return withCells({
    metadata: { name, namespace, creationTimestamp: rfc3339(now), labels },
    ...measured,
    containers: used.map((one) => ({ name: one.name, usage: quantities(one.usage) })),
    cells: [sum.cpu, sum.memory, measured.window],
  });
}
