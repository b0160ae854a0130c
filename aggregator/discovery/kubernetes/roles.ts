import type { TargetGroup } from "../discovery.ts";
import type { AttachMetadata, ClusterObjects } from "./cluster-objects.ts";
import { groupsOfEndpoints } from "./endpoints.ts";
import { groupsOfEndpointSlices } from "./endpointslice.ts";
import { groupsOfIngresses } from "./ingress.ts";
import { groupsOfNodes } from "./node.ts";
import { groupsOfPods } from "./pod.ts";
import type { ResourceName } from "./resources.ts";
import { groupsOfServices } from "./service.ts";

/** What becomes a target. */
export type Role = "node" | "service" | "pod" | "endpoints" | "endpointslice" | "ingress";

interface RoleRules {
  /** What is watched. */
  readonly needs: readonly ResourceName[];
  /** The roles of `selectors` that it knows, and what they select. */
  readonly selectors: Readonly<Partial<Record<Role, ResourceName>>>;
  groups(objects: ClusterObjects, attach: AttachMetadata): TargetGroup[];
}

/** https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config */
export const roles: Readonly<Record<Role, RoleRules>> = {
  node: { needs: ["nodes"], selectors: { node: "nodes" }, groups: groupsOfNodes },
  service: { needs: ["services"], selectors: { service: "services" }, groups: groupsOfServices },
  pod: { needs: ["pods"], selectors: { pod: "pods", node: "nodes" }, groups: groupsOfPods },
  endpoints: {
    needs: ["endpoints", "services", "pods"],
    selectors: { pod: "pods", service: "services", endpoints: "endpoints" },
    groups: groupsOfEndpoints,
  },
  endpointslice: {
    needs: ["endpointslices", "services", "pods"],
    selectors: { pod: "pods", service: "services", endpointslice: "endpointslices" },
    groups: groupsOfEndpointSlices,
  },
  ingress: { needs: ["ingresses"], selectors: { ingress: "ingresses" }, groups: groupsOfIngresses },
};

/** All that is watched for a role: its own needs and those of the metadata. */
export function resourcesFor(role: Role, attach: AttachMetadata): readonly ResourceName[] {
  const ofPods = role !== "node" && role !== "service" && role !== "ingress";
  const wanted: readonly (readonly [ResourceName, boolean])[] = [
    ["nodes", ofPods && attach.node],
    ["namespaces", role !== "node" && attach.namespace],
    ["replicasets", ofPods && attach.deployment],
    ["jobs", ofPods && attach.cronjob],
  ];
  return [...roles[role].needs, ...wanted.flatMap(([name, needed]) => (needed ? [name] : []))];
}
