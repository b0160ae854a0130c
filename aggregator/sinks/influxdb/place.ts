import type { Container } from "../../../wire/container.ts";
import { containerLabels, isNoSandbox, isSystem, podOf } from "../../model/heapster.ts";
import { isEngineOwned, type Placed, ROOT } from "../../model/level.ts";

/** Tags of a series, without those that are empty. */
export type Tags = Readonly<Record<string, string>>;

/** Where a container's numbers are written. */
export interface Place {
  /** Of its own series; absent where only what it is a part of has one. */
  readonly tags?: Tags;
  /** Of its pod's. */
  readonly podTags?: Tags;
  readonly namespace?: string;
  /** Whether an engine owns it, so that it counts in sums and limits. */
  readonly isContainer: boolean;
  readonly isNode: boolean;
}

/** Heapster leaves them out of its tags, as they add nothing but cardinality. */
const LEFT_OUT: ReadonlySet<string> = new Set(["namespace_id", "pod_id", "hostname", "host_id"]);

/** Heapster's tags, made of its labels. */
export function tagsOf(clusterName: string, labels: Readonly<Record<string, string>>): Tags {
  const kept = Object.entries(labels).filter(([key, value]) => !LEFT_OUT.has(key) && value !== "");
  return { ...Object.fromEntries(kept), cluster_name: clusterName };
}

/** How places are found. */
export interface Placing {
  readonly clusterName: string;
  /** Labels of containers that stand in the tag `labels`. */
  readonly labels: ReadonlySet<string>;
}

/** Where a container is written; undefined for cgroups that Heapster does not show. */
export function placeOf(placed: Placed, placing: Placing): Place | undefined {
  const { node, container } = placed;
  const { clusterName } = placing;
  if (container.id === ROOT) {
    const tags = tagsOf(clusterName, { type: "node", nodename: node });
    return { tags, isContainer: false, isNode: true };
  }
  const isContainer = isEngineOwned(container);
  const tags = ownTags(placed, placing);
  if (!isContainer) return tags && { tags, isContainer, isNode: false };
  const own = tags === undefined ? {} : { tags };
  return { ...own, ...podPlace(placed, clusterName), isContainer, isNode: false };
}

function ownTags(placed: Placed, { clusterName, labels }: Placing): Tags | undefined {
  const { container } = placed;
  const isOwn = podOf(container) === undefined ? isSystem(placed) : isNoSandbox(placed);
  if (!isOwn) return undefined;
  return tagsOf(
    clusterName,
    containerLabels(placed, (key) => labels.has(key)),
  );
}

function podPlace(
  { node, container }: Placed,
  clusterName: string,
): Pick<Place, "podTags" | "namespace"> {
  if (podOf(container) === undefined) return {};
  const { namespace = "", pod = "" } = container.groups;
  const labels = { type: "pod", namespace_name: namespace, pod_name: pod, nodename: node };
  return { podTags: tagsOf(clusterName, labels), namespace };
}

/** Tells series apart. */
export function keyOf(tags: Tags): string {
  return JSON.stringify(tags);
}

/** Whether a container runs inside of another one that counts already. */
export function isNested({ id }: Container, containers: ReadonlySet<string>): boolean {
  for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) {
    if (containers.has(id.slice(0, end))) return true;
  }
  return false;
}
