import type { Labels } from "../../../wire/labels.ts";
import type { Endpoints } from "./endpoints.ts";
import type { EndpointSlice } from "./endpointslice.ts";
import type { Ingress } from "./ingress.ts";
import { type BareObject, metaLabels, ownLabels } from "./meta.ts";
import type { KubernetesNode } from "./node.ts";
import type { Pod } from "./pod.ts";
import type { Service } from "./service.ts";

/** The objects of one kind that are known, by `namespace/name`. */
export type ObjectStore<T> = ReadonlyMap<string, T>;

/** What is known of a cluster; stores that a role does not need stay empty. */
export interface ClusterObjects {
  readonly nodes: ObjectStore<KubernetesNode>;
  readonly namespaces: ObjectStore<BareObject>;
  readonly pods: ObjectStore<Pod>;
  readonly services: ObjectStore<Service>;
  readonly endpoints: ObjectStore<Endpoints>;
  readonly endpointslices: ObjectStore<EndpointSlice>;
  readonly ingresses: ObjectStore<Ingress>;
  readonly replicasets: ObjectStore<BareObject>;
  readonly jobs: ObjectStore<BareObject>;
}

/** `attach_metadata`: what of other objects a target's labels tell too. */
export interface AttachMetadata {
  readonly node: boolean;
  readonly namespace: boolean;
  readonly deployment: boolean;
  readonly job: boolean;
  readonly cronjob: boolean;
}

/** Labels of the node of that name, if they are wanted and it is known. */
export function attachedNode(
  objects: ClusterObjects,
  attach: AttachMetadata,
  name: string | undefined,
): Labels {
  const node = attach.node && name !== undefined ? objects.nodes.get(name) : undefined;
  return node === undefined ? {} : metaLabels(node.meta, "node");
}

/** Labels of the namespace, if they are wanted and it is known. */
export function attachedNamespace(
  objects: ClusterObjects,
  attach: AttachMetadata,
  name: string,
): Labels {
  const namespace = attach.namespace ? objects.namespaces.get(name) : undefined;
  return namespace === undefined ? {} : ownLabels(namespace.meta, "namespace");
}
