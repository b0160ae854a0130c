import type { Container } from "../../wire/container.ts";
import type { Machine } from "../../wire/feed.ts";
import type { Subject } from "../../wire/stats/answer.ts";
import { heapsterMetrics, type HeapsterUnit, type HeapsterValue } from "./heapster-metrics.ts";
import { type HeapsterTime, heapsterValuesOf, sumOfValues } from "./heapster-values.ts";
import { isEngineOwned, outermost, type Placed, ROOT } from "./level.ts";

/** Heapster's words for what a metric set is about. */
export type HeapsterType = "cluster" | "node" | "sys_container" | "ns" | "pod" | "pod_container";

/** What Heapster would say of one thing at one time. */
export interface HeapsterSet {
  /** `cluster`, `node:N`, `node:N/container:C`, `namespace:NS`, `namespace:NS/pod:P`, `…/container:C`. */
  readonly key: string;
  readonly type: HeapsterType;
  /** Heapster's labels; those that are not known are not there. */
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly HeapsterValue[];
}

/** What the sets are made from. */
export interface HeapsterView {
  readonly nodes: Iterable<{ readonly node: string; readonly machine: Machine }>;
  /** Every cgroup that runs. */
  readonly subjects: Iterable<Subject>;
}

/** A container with its values. */
interface Valued {
  readonly node: string;
  readonly container: Container;
  readonly values: Float64Array;
}

const POD_UID = "io.kubernetes.pod.uid";
const CONTAINER_NAME = "io.kubernetes.container.name";
/** What holds a pod's network and runs nothing. */
const SANDBOX = "POD";

/** Every metric set of a time; a set without any value is left out. */
export function heapsterSets({ nodes, subjects }: HeapsterView, at: HeapsterTime): HeapsterSet[] {
  const valued = [...subjects].flatMap((subject) => valuedOf(subject, at));
  const containers = outermost(valued.filter(({ container }) => isEngineOwned(container)));
  const inPods = containers.filter(({ container }) => podOf(container) !== undefined);
  const namespaces = groupBy(inPods, ({ container }) => container.groups["namespace"] ?? "");
  const pods = groupBy(inPods, ({ container }) => podOf(container) ?? "");
  return [
    clusterSet(containers),
    ...[...nodes].map(({ node, machine }) => nodeSet(node, machine, valued, containers)),
    ...valued.filter(isSystem).map((one) => containerSet(one, at)),
    ...[...namespaces].map(([name, members]) => namespaceSet(name, members)),
    ...[...pods.values()].map((members) => podSet(members, at)),
    ...inPods.filter(isNoSandbox).map((one) => containerSet(one, at)),
  ].filter(({ values }) => values.length > 0);
}

function valuedOf({ node = "", container, ring }: Subject, at: HeapsterTime): Valued[] {
  const values = heapsterValuesOf(ring, at);
  return values === undefined ? [] : [{ node, container, values }];
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

/** The pod of a container of Kubernetes, `NAMESPACE/POD`; undefined if it has none. */
export function podOf({ groups: { namespace, pod } }: Container): string | undefined {
  return namespace === undefined || pod === undefined ? undefined : `${namespace}/${pod}`;
}

/** Containers of no pod, and the slices of the system: what Heapster calls free containers. */
export function isSystem({ container }: { readonly container: Container }): boolean {
  if (isEngineOwned(container)) return podOf(container) === undefined;
  return container.id !== ROOT && container.id.lastIndexOf("/") === 0;
}

/** Whether a container is more than what holds its pod's network. */
export function isNoSandbox({ container }: { readonly container: Container }): boolean {
  return container.labels[CONTAINER_NAME] !== SANDBOX;
}

function clusterSet(containers: readonly Valued[]): HeapsterSet {
  const sums = sumOfValues(containers.map(({ values }) => values));
  const values = [...summedOnly(sums), ...limitsOf(containers)];
  return { key: "cluster", type: "cluster", labels: { type: "cluster" }, values };
}

function namespaceSet(name: string, members: readonly Valued[]): HeapsterSet {
  const sums = sumOfValues(members.map(({ values }) => values));
  const labels = { type: "ns", namespace_name: name };
  const values = [...summedOnly(sums), ...limitsOf(members)];
  return { key: `namespace:${name}`, type: "ns", labels, values };
}

function nodeSet(
  node: string,
  machine: Machine,
  valued: readonly Valued[],
  containers: readonly Valued[],
): HeapsterSet {
  const root = valued.find((one) => one.node === node && one.container.id === ROOT);
  const own = root === undefined ? [] : measured(root.values);
  const labels = { type: "node", nodename: node, hostname: node };
  const values = [
    ...own,
    ...limitsOf(containers.filter((one) => one.node === node)),
    ...capacityOf(machine, own),
  ];
  return { key: `node:${node}`, type: "node", labels, values };
}

function podSet(members: readonly Valued[], at: HeapsterTime): HeapsterSet {
  const [first] = members;
  const { groups = {}, labels = {} } = first?.container ?? {};
  const { namespace = "", pod = "" } = groups;
  const all = members.map(({ values }) => withoutCounters(values));
  const starts = members.map(({ container }) => uptimeOf(container, at)).filter(Number.isFinite);
  const uptime = starts.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return {
    key: `namespace:${namespace}/pod:${pod}`,
    type: "pod",
    labels: {
      type: "pod",
      namespace_name: namespace,
      pod_name: pod,
      nodename: first?.node ?? "",
      hostname: first?.node ?? "",
      ...(labels[POD_UID] === undefined ? {} : { pod_id: labels[POD_UID] }),
    },
    values: [...uptimeValue(uptime), ...measured(sumOfValues(all)), ...limitsOf(members)],
  };
}

/** A sum of counters goes back with each container that goes; its rates do not. Networks are the pod's own. */
function withoutCounters(values: Float64Array): Float64Array {
  return values.map((value, index) => {
    const metric = heapsterMetrics[index];
    const isKept = metric?.type !== "cumulative" || metric.name.startsWith("network/");
    return isKept ? value : Number.NaN;
  });
}

/** Heapster's labels of a container; `labels` are the words of those that `isKept` wants. */
export function containerLabels(
  { node, container }: Placed,
  isKept: (key: string) => boolean = () => true,
): Record<string, string> {
  const { namespace, pod } = container.groups;
  const isOfPod = podOf(container) !== undefined;
  const words = Object.entries(container.labels)
    .filter(([key]) => isKept(key))
    .map(([key, value]) => `${key}:${value}`)
    .toSorted();
  const labels: Record<string, string> = {
    type: isOfPod ? "pod_container" : "sys_container",
    nodename: node,
    hostname: node,
    container_name: nameOf(container),
  };
  if (isOfPod) Object.assign(labels, { namespace_name: namespace, pod_name: pod });
  if (container.image !== undefined) labels["container_base_image"] = container.image;
  if (words.length > 0) labels["labels"] = words.join(",");
  const uid = container.labels[POD_UID];
  if (uid !== undefined) labels["pod_id"] = uid;
  return labels;
}

function nameOf({ labels, name }: Container): string {
  return labels[CONTAINER_NAME] ?? name.replace(/^\//, "");
}

function containerSet(one: Valued, at: HeapsterTime): HeapsterSet {
  const { node, container, values } = one;
  const { namespace, pod } = container.groups;
  const isOfPod = podOf(container) !== undefined;
  const name = nameOf(container);
  return {
    key: isOfPod
      ? `namespace:${namespace ?? ""}/pod:${pod ?? ""}/container:${name}`
      : `node:${node}/container:${name}`,
    type: isOfPod ? "pod_container" : "sys_container",
    labels: containerLabels(one),
    values: [
      ...uptimeValue(uptimeOf(container, at)),
      ...measured(values),
      ...(isEngineOwned(container) ? limitsOf([one]) : []),
      ...restartsOf(container),
    ],
  };
}

/** The values that are there. */
function measured(values: Float64Array): HeapsterValue[] {
  return heapsterMetrics.flatMap(({ name, type, isInteger, unit, resourceId }, index) => {
    const value = values[index] ?? Number.NaN;
    if (!Number.isFinite(value)) return [];
    const own = { name, type, isInteger, unit, value: isInteger ? Math.round(value) : value };
    return [resourceId === undefined ? own : { ...own, resourceId }];
  });
}

/** Those that namespaces and the cluster have. */
function summedOnly(values: Float64Array): HeapsterValue[] {
  return measured(
    values.map((value, index) => (heapsterMetrics[index]?.isSummed === true ? value : Number.NaN)),
  );
}

function gauge(name: string, unit: HeapsterUnit, value: number, isInteger = true): HeapsterValue {
  return { name, type: "gauge", isInteger, unit, value: isInteger ? Math.round(value) : value };
}

/** Limits added up; what has none counts as 0, as Heapster has it. */
export function limitsOf(members: readonly { readonly container: Container }[]): HeapsterValue[] {
  if (members.length === 0) return [];
  let [cores, bytes] = [0, 0];
  for (const { container } of members) {
    cores += container.limits.cpu_cores ?? 0;
    bytes += container.limits.memory_bytes ?? 0;
  }
  return [gauge("cpu/limit", "millicores", cores * 1000), gauge("memory/limit", "bytes", bytes)];
}

/** What a node has, all of which can be given away, and how much of it is used. */
function capacityOf(machine: Machine, own: readonly HeapsterValue[]): HeapsterValue[] {
  const millicores = machine.cpu_cores * 1000;
  const valueOf = (name: string): number =>
    own.find((value) => value.name === name)?.value ?? Number.NaN;
  const all = [
    gauge("cpu/node_capacity", "millicores", millicores, false),
    gauge("cpu/node_allocatable", "millicores", millicores, false),
    gauge("cpu/node_utilization", "ratio", valueOf("cpu/usage_rate") / millicores, false),
    gauge("memory/node_capacity", "bytes", machine.memory_bytes, false),
    gauge("memory/node_allocatable", "bytes", machine.memory_bytes, false),
    gauge(
      "memory/node_utilization",
      "ratio",
      valueOf("memory/working_set") / machine.memory_bytes,
      false,
    ),
  ];
  return all.filter(({ value }) => Number.isFinite(value));
}

/** Milliseconds that a container has run; NaN if nobody knows. */
export function uptimeOf(
  { started_at: started }: Container,
  { time }: Pick<HeapsterTime, "time">,
): number {
  return started === undefined ? Number.NaN : Math.max(0, time - Date.parse(started));
}

function uptimeValue(value: number): HeapsterValue[] {
  if (!Number.isFinite(value)) return [];
  const kind = { type: "cumulative", isInteger: true, unit: "milliseconds" } as const;
  return [{ name: "uptime", ...kind, value: Math.round(value) }];
}

function restartsOf({ restarts }: Container): HeapsterValue[] {
  return restarts === undefined ? [] : [gauge("restart_count", "count", restarts)];
}
