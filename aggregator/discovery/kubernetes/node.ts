import { countAt, listAt, textAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelName, labelsOf } from "../meta-labels.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import { META, metaLabels, type ObjectMeta, readMeta } from "./meta.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ */
export interface KubernetesNode {
  readonly meta: ObjectMeta;
  readonly providerId: string;
  readonly kubeletPort: number;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
}

/** The kinds of addresses, the one that is preferred first. */
const PREFERRED = [
  "InternalIP",
  "InternalDNS",
  "ExternalIP",
  "ExternalDNS",
  "LegacyHostIP",
  "Hostname",
];

export function readNode(object: unknown): KubernetesNode {
  return {
    meta: readMeta(object),
    providerId: textAt(object, "spec", "providerID"),
    kubeletPort: countAt(object, "status", "daemonEndpoints", "kubeletEndpoint", "Port") ?? 0,
    addresses: listAt(object, "status", "addresses").map((address) => ({
      type: textAt(address, "type"),
      address: textAt(address, "address"),
    })),
    conditions: listAt(object, "status", "conditions").map((condition) => ({
      type: textAt(condition, "type"),
      status: textAt(condition, "status"),
    })),
  };
}

/** A target for each node: its kubelet. Nodes without an address are left out. */
export function groupsOfNodes({ nodes }: ClusterObjects): TargetGroup[] {
  return [...nodes.values()].flatMap((node) => {
    const address = PREFERRED.flatMap(
      (type) => node.addresses.find((candidate) => candidate.type === type) ?? [],
    )[0];
    if (address === undefined) return [];
    const target = {
      ...addressLabels(node),
      __address__: hostPort(address.address, node.kubeletPort),
      instance: node.meta.name,
    };
    return [{ source: `node/${node.meta.name}`, labels: labelsOfNode(node), targets: [target] }];
  });
}

function labelsOfNode(node: KubernetesNode): Labels {
  const conditions = node.conditions.map(({ type, status }) => [
    `${META}node_condition_${labelName(type.toLowerCase())}`,
    status.toLowerCase(),
  ]);
  return {
    ...labelsOf({ [`${META}node_provider_id`]: node.providerId }),
    ...labelsOf(Object.fromEntries(conditions)),
    ...metaLabels(node.meta, "node"),
  };
}

// Of several addresses of one kind the first counts, so it comes last here.
function addressLabels(node: KubernetesNode): Labels {
  const labels = node.addresses
    .toReversed()
    .map(({ type, address }) => [`${META}node_address_${labelName(type)}`, address]);
  return labelsOf(Object.fromEntries(labels));
}
