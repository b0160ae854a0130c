import type { Container } from "../../../wire/container.ts";
import { isSandbox } from "../../../wire/groups.ts";
import type { RecentSubject } from "../../model/cluster.ts";
import { isEngineOwned, outermost } from "../../model/level.ts";
import { kubernetesLabels } from "./label-words.ts";
import { dnsLabel, uniqueNames } from "./names.ts";

/** A container of a pod. */
export interface PodContainer {
  readonly name: string;
  readonly subject: RecentSubject;
}

/** What stands for a pod: one of Kubernetes or Podman, a task of Swarm, or a container by itself. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  /** By name. */
  readonly containers: readonly PodContainer[];
}

/** Where a container belongs. */
interface Place {
  /** Tells pods apart. */
  readonly key: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly isOfKubernetes: boolean;
}

const DEFAULT_NAMESPACE = "default";
const CONTAINER_NAME = "io.kubernetes.container.name";
/** What cri-dockerd calls the container that holds a pod's network. */
const NETWORK_HOLDER = "POD";

/** Every pod that runs, by namespace and name. */
export function podsOf(subjects: Iterable<RecentSubject>): Pod[] {
  const running = [...subjects].filter(
    ({ isRunning, container }) => isRunning && isEngineOwned(container),
  );
  const drafts = new Map<string, { place: Place; members: RecentSubject[] }>();
  for (const subject of outermost(running)) {
    const place = placeOf(subject);
    const draft = drafts.get(place.key);
    if (draft === undefined) drafts.set(place.key, { place, members: [subject] });
    else draft.members.push(subject);
  }
  const all = [...drafts.values()].map(({ place, members }) => draftOf(place, members));
  const whole = all.filter(({ containers }) => containers.length > 0);
  const names = uniqueNames(
    whole.map(({ place, node, containers }) => ({
      scope: place.namespace,
      name: place.pod,
      place: node,
      identity: `${node} ${containers[0]?.subject.container.id ?? ""}`,
      isGiven: place.isOfKubernetes,
    })),
  );
  return whole
    .map(({ place, node, labels, containers }, index) => {
      const { namespace } = place;
      return { namespace, name: names[index] ?? place.pod, node, labels, containers };
    })
    .toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function placeOf({ node, container }: RecentSubject): Place {
  const { groups, labels, name, id } = container;
  const { namespace, pod, task, stack, compose_project: project } = groups;
  const own = name.replace(/^\//, "");
  if (namespace !== undefined && pod !== undefined) {
    const called = groups["container"] ?? labels[CONTAINER_NAME] ?? own;
    const key = `kubernetes ${namespace}/${pod}`;
    return { key, namespace, pod, container: called, isOfKubernetes: true };
  }
  const around = {
    namespace: dnsLabel(stack ?? project ?? namespace ?? DEFAULT_NAMESPACE),
    isOfKubernetes: false,
  };
  if (task !== undefined) {
    const called = dnsLabel(groups["service"] ?? task);
    return { ...around, key: `task ${task}`, pod: task, container: called };
  }
  if (pod !== undefined) {
    return { ...around, key: `pod ${node} ${pod}`, pod, container: dnsLabel(own) };
  }
  const called = dnsLabel(groups["service"] ?? own);
  return { ...around, key: `container ${node} ${id}`, pod: own, container: called };
}

type Draft = Pick<Pod, "node" | "labels" | "containers"> & { readonly place: Place };

/** A pod that has moved is still seen on the node that it left, and a container that was made anew twice. */
function draftOf(place: Place, members: readonly RecentSubject[]): Draft {
  const newestFirst = members.toSorted((a, b) => startOf(b.container) - startOf(a.container));
  const newest = newestFirst.find(({ container }) => !isHolder(container)) ?? newestFirst[0];
  const node = newest?.node ?? "";
  const here = newestFirst.filter((subject) => subject.node === node);
  const containers = new Map<string, RecentSubject>();
  for (const subject of here) {
    if (isHolder(subject.container)) continue;
    const name = placeOf(subject).container;
    if (!containers.has(name)) containers.set(name, subject);
  }
  return {
    place,
    node,
    labels: labelsOf(here.map(({ container }) => container)),
    containers: [...containers]
      .map(([name, subject]) => ({ name, subject }))
      .toSorted((a, b) => compare(a.name, b.name)),
  };
}

function startOf({ started_at: started, created_at: created }: Container): number {
  const time = started ?? created;
  return time === undefined ? Number.NEGATIVE_INFINITY : Date.parse(time);
}

/** What holds a pod's network and runs nothing of its own. */
function isHolder({ labels }: Container): boolean {
  return isSandbox(labels) || labels[CONTAINER_NAME] === NETWORK_HOLDER;
}

const known = new WeakMap<Container, Readonly<Record<string, string>>>();

/** Taken over from the container's labels but once, as they stay what they are. */
function ownLabels(container: Container): Readonly<Record<string, string>> {
  let labels = known.get(container);
  if (labels === undefined) known.set(container, (labels = kubernetesLabels(container.labels)));
  return labels;
}

/** Those that all containers share; a pod's own stand on what holds its network. */
function labelsOf(containers: readonly Container[]): Readonly<Record<string, string>> {
  const [first, ...others] = containers.filter((container) => !isHolder(container));
  const holder = containers.find(isHolder);
  const own = first === undefined ? {} : ownLabels(first);
  if (others.length === 0 && holder === undefined) return own;
  const shared = Object.entries(own).filter(([key, value]) =>
    others.every((other) => ownLabels(other)[key] === value),
  );
  return { ...Object.fromEntries(shared), ...(holder === undefined ? {} : ownLabels(holder)) };
}
