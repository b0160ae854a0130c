import type { Container } from "../../../wire/container.ts";
import type { ClusterView } from "../route.ts";
import { type NamedNode, nodesOf } from "./nodes.ts";
import { type Pod, podsOf } from "./pods.ts";
import { cpuQuantity, memoryQuantity, rfc3339 } from "./quantity.ts";
import type { KubernetesObject, ObjectMeta, Resource } from "./resource.ts";

/** Kubernetes's own group: as much of it as `kubectl top` and `kubectl get` need. */
export const CORE_GROUP = { group: "", version: "v1" } as const;

/** Nodes with what they have; all of it can be given away. */
export const nodes: Resource = {
  ...CORE_GROUP,
  plural: "nodes",
  noun: "nodes",
  kind: "Node",
  isNamespaced: false,
  shortNames: ["no"],
  fields: ["metadata.name"],
  columns: [{ name: "Status", description: "Whether the node's agent answers." }],
  cells: (object) => [statusOf(object) === "True" ? "Ready" : "NotReady"],
  *candidates(view) {
    for (const node of nodesOf(view)) {
      const { name, labels } = node;
      yield { name, labels, fields: { "metadata.name": name }, make: () => nodeObject(node) };
    }
  },
};

const readiness = new WeakMap<KubernetesObject, "True" | "Unknown">();

function statusOf(object: KubernetesObject): "True" | "Unknown" {
  return readiness.get(object) ?? "Unknown";
}

function nodeObject({ name, labels, state, isHeard }: NamedNode): KubernetesObject {
  const { cpu_cores: cores, memory_bytes: bytes } = state.machine;
  const capacity = { cpu: cpuQuantity(cores), memory: memoryQuantity(bytes) };
  const ready = isHeard ? "True" : "Unknown";
  const object = {
    metadata: { name, labels },
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ type: "Ready", status: ready }],
    },
  };
  readiness.set(object, ready);
  return object;
}

/** Pods that run, measured or not. */
export const pods: Resource = {
  ...CORE_GROUP,
  plural: "pods",
  noun: "pods",
  kind: "Pod",
  isNamespaced: true,
  shortNames: ["po"],
  fields: ["metadata.name", "metadata.namespace", "spec.nodeName", "status.phase"],
  columns: [
    { name: "Status", description: "Its phase." },
    { name: "Node", description: "Where it runs." },
  ],
  cells: (object) => ["Running", nodeNames.get(object) ?? ""],
  *candidates(view) {
    const names = new Map(nodesOf(view).map(({ name, state }) => [state.node, name]));
    for (const pod of podsOf(view.cluster.recent(view.clock.now()))) {
      const { name, namespace, labels } = pod;
      const nodeName = names.get(pod.node) ?? pod.node;
      const fields = {
        "metadata.name": name,
        "metadata.namespace": namespace,
        "spec.nodeName": nodeName,
        "status.phase": "Running",
      };
      yield { name, namespace, labels, fields, make: () => podObject(pod, nodeName) };
    }
  },
};

const nodeNames = new WeakMap<KubernetesObject, string>();

function podObject(pod: Pod, nodeName: string): KubernetesObject {
  const { name, namespace, labels } = pod;
  const started = startOf(pod);
  const since = started === undefined ? undefined : rfc3339(started);
  const metadata: ObjectMeta = {
    name,
    namespace,
    labels,
    ...(since === undefined ? {} : { creationTimestamp: since }),
  };
  const containers = pod.containers.map(({ name: called, subject: { container } }) => ({
    name: called,
    ...(container.image === undefined ? {} : { image: container.image }),
    resources: { limits: limitsOf(container) },
  }));
  const object = {
    metadata,
    spec: { nodeName, containers },
    status: { phase: "Running", ...(since === undefined ? {} : { startTime: since }) },
  };
  nodeNames.set(object, nodeName);
  return object;
}

/** Unix milliseconds at which the first of its containers began. */
function startOf({ containers }: Pod): number | undefined {
  const times = containers
    .map(({ subject: { container } }) => container.started_at ?? container.created_at)
    .flatMap((time) => (time === undefined ? [] : [Date.parse(time)]))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : Math.min(...times);
}

function limitsOf({ limits }: Container): Record<string, string> {
  const { cpu_cores: cores, memory_bytes: bytes } = limits;
  return {
    ...(cores === null ? {} : { cpu: cpuQuantity(cores) }),
    ...(bytes === null ? {} : { memory: memoryQuantity(bytes) }),
  };
}

/** Namespaces in which something runs, and the default one. */
export const namespaces: Resource = {
  ...CORE_GROUP,
  plural: "namespaces",
  noun: "namespaces",
  kind: "Namespace",
  isNamespaced: false,
  shortNames: ["ns"],
  fields: ["metadata.name", "status.phase"],
  columns: [{ name: "Status", description: "Its phase." }],
  cells: () => ["Active"],
  *candidates(view: ClusterView) {
    const running = podsOf(view.cluster.recent(view.clock.now()));
    const names = new Set(["default", ...running.map(({ namespace }) => namespace)]);
    for (const name of [...names].toSorted()) {
      const labels = { "kubernetes.io/metadata.name": name };
      yield {
        name,
        labels,
        fields: { "metadata.name": name, "status.phase": "Active" },
        make: () => ({ metadata: { name, labels }, status: { phase: "Active" } }),
      };
    }
  },
};
