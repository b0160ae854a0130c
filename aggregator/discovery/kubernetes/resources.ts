import type { ClusterObjects } from "./cluster-objects.ts";
import { readEndpoints } from "./endpoints.ts";
import { readEndpointSlice } from "./endpointslice.ts";
import { readIngress } from "./ingress.ts";
import { readBareObject } from "./meta.ts";
import { readNode } from "./node.ts";
import { readPod } from "./pod.ts";
import { readService } from "./service.ts";

/** A kind of objects that can be listed and watched. */
export type ResourceName = keyof ClusterObjects;

/** How objects are listed, and what is kept of one. */
export interface Resource<T> {
  /** The API's group and version. */
  readonly api: string;
  /** Whether its objects belong to namespaces. */
  readonly namespaced: boolean;
  read(object: unknown): T;
}

type ObjectOf<Name extends ResourceName> =
  ClusterObjects[Name] extends ReadonlyMap<string, infer T> ? T : never;

/** https://kubernetes.io/docs/reference/kubernetes-api/ */
export const resources: { readonly [Name in ResourceName]: Resource<ObjectOf<Name>> } = {
  nodes: { api: "/api/v1", namespaced: false, read: readNode },
  namespaces: { api: "/api/v1", namespaced: false, read: readBareObject },
  pods: { api: "/api/v1", namespaced: true, read: readPod },
  services: { api: "/api/v1", namespaced: true, read: readService },
  endpoints: { api: "/api/v1", namespaced: true, read: readEndpoints },
  endpointslices: { api: "/apis/discovery.k8s.io/v1", namespaced: true, read: readEndpointSlice },
  ingresses: { api: "/apis/networking.k8s.io/v1", namespaced: true, read: readIngress },
  replicasets: { api: "/apis/apps/v1", namespaced: true, read: readBareObject },
  jobs: { api: "/apis/batch/v1", namespaced: true, read: readBareObject },
};

/** Where the objects are listed; of all namespaces if none is named. */
export function pathOf(name: ResourceName, namespace: string): string {
  const { api, namespaced } = resources[name];
  const within =
    namespaced && namespace !== "" ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${api}${within}/${name}`;
}
