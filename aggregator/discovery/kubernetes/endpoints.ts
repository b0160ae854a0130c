import { at, countAt, listAt, textAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelsOf } from "../meta-labels.ts";
import {
  type AttachMetadata,
  attachedNamespace,
  attachedNode,
  type ClusterObjects,
} from "./cluster-objects.ts";
import { EndpointPods, readTargetRef, type TargetRef } from "./endpoint-pods.ts";
import { keyOf, META, metaLabels, type ObjectMeta, readMeta } from "./meta.ts";
import type { ContainerPort } from "./pod.ts";
import { labelsOfService } from "./service.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/ */
export interface Endpoints {
  readonly meta: ObjectMeta;
  readonly subsets: readonly Subset[];
}

interface Subset {
  readonly ports: readonly ContainerPort[];
  readonly addresses: readonly Address[];
}

interface Address {
  readonly ip: string;
  readonly ready: boolean;
  readonly hostname: string;
  readonly nodeName: string | undefined;
  readonly target: TargetRef | undefined;
}

export function readEndpoints(object: unknown): Endpoints {
  return {
    meta: readMeta(object),
    subsets: listAt(object, "subsets").map((subset) => ({
      ports: listAt(subset, "ports").map((port) => ({
        name: textAt(port, "name"),
        port: countAt(port, "port") ?? 0,
        protocol: textAt(port, "protocol"),
      })),
      addresses: [
        ...listAt(subset, "addresses").map((address) => readAddress(address, true)),
        ...listAt(subset, "notReadyAddresses").map((address) => readAddress(address, false)),
      ],
    })),
  };
}

function readAddress(address: unknown, ready: boolean): Address {
  return {
    ip: textAt(address, "ip"),
    ready,
    hostname: textAt(address, "hostname"),
    nodeName: textAt(address, "nodeName") || undefined,
    target: readTargetRef(at(address, "targetRef")),
  };
}

/** A target for each endpoint and port, and for the other ports of the pods behind them. */
export function groupsOfEndpoints(objects: ClusterObjects, attach: AttachMetadata): TargetGroup[] {
  return [...objects.endpoints.values()].map((endpoints) => {
    const { meta, subsets } = endpoints;
    const service = objects.services.get(keyOf(meta));
    const pods = new EndpointPods(objects, attach);
    const targets = subsets.flatMap(({ ports, addresses }) =>
      ports.flatMap((port) =>
        addresses.map((address) => ({
          ...labelsOfAddress(address, port),
          ...attachedNode(objects, attach, nodeOf(address)),
          ...pods.labelsBehind(address.target, port),
        })),
      ),
    );
    return {
      source: `endpoints/${keyOf(meta)}`,
      labels: {
        ...labelsOf({ [`${META}namespace`]: meta.namespace }),
        ...(service === undefined ? {} : labelsOfService(service)),
        ...metaLabels(meta, "endpoints"),
        ...attachedNamespace(objects, attach, meta.namespace),
      },
      targets: [...targets, ...pods.uncovered()],
    };
  });
}

function labelsOfAddress(address: Address, port: ContainerPort): Labels {
  return labelsOf({
    __address__: hostPort(address.ip, port.port),
    [`${META}endpoint_port_name`]: port.name,
    [`${META}endpoint_port_protocol`]: port.protocol,
    [`${META}endpoint_ready`]: String(address.ready),
    [`${META}endpoint_address_target_kind`]: address.target?.kind,
    [`${META}endpoint_address_target_name`]: address.target?.name,
    [`${META}endpoint_node_name`]: address.nodeName,
    [`${META}endpoint_hostname`]: address.hostname,
  });
}

function nodeOf({ nodeName, target }: Address): string | undefined {
  return nodeName ?? (target?.kind === "Node" ? target.name : undefined);
}
