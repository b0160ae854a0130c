import { countAt, listAt, textAt, textsAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelsOf } from "../meta-labels.ts";
import { type AttachMetadata, attachedNamespace, type ClusterObjects } from "./cluster-objects.ts";
import { keyOf, META, metaLabels, type ObjectMeta, readMeta } from "./meta.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
export interface Service {
  readonly meta: ObjectMeta;
  readonly type: string;
  readonly clusterIp: string;
  readonly externalName: string;
  /** With commas between several. */
  readonly loadBalancerIps: string;
  readonly ipFamilyPolicy: string;
  /** The primary one first. */
  readonly ipFamilies: readonly string[];
  readonly ports: readonly ServicePort[];
}

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

export function readService(object: unknown): Service {
  const ingressIps = listAt(object, "status", "loadBalancer", "ingress")
    .map((ingress) => textAt(ingress, "ip"))
    .filter((ip) => ip !== "");
  return {
    meta: readMeta(object),
    type: textAt(object, "spec", "type"),
    clusterIp: textAt(object, "spec", "clusterIP"),
    externalName: textAt(object, "spec", "externalName"),
    loadBalancerIps: ingressIps.join(",") || textAt(object, "spec", "loadBalancerIP"),
    ipFamilyPolicy: textAt(object, "spec", "ipFamilyPolicy"),
    ipFamilies: textsAt(object, "spec", "ipFamilies"),
    ports: listAt(object, "spec", "ports").map((port) => ({
      name: textAt(port, "name"),
      port: countAt(port, "port") ?? 0,
      protocol: textAt(port, "protocol"),
    })),
  };
}

/** What the target of any role says of its service. */
export function labelsOfService({ meta }: Service): Labels {
  return {
    ...labelsOf({ [`${META}namespace`]: meta.namespace }),
    ...metaLabels(meta, "service"),
  };
}

/** A target for each service and port, by its name in the cluster's DNS. */
export function groupsOfServices(objects: ClusterObjects, attach: AttachMetadata): TargetGroup[] {
  return [...objects.services.values()].map((service) => ({
    source: `svc/${keyOf(service.meta)}`,
    labels: {
      ...labelsOfService(service),
      ...attachedNamespace(objects, attach, service.meta.namespace),
    },
    targets: service.ports.map((port) => targetOf(service, port)),
  }));
}

function targetOf(service: Service, { name, port, protocol }: ServicePort): Labels {
  const { meta, type } = service;
  const external = type === "ExternalName";
  return labelsOf({
    __address__: hostPort(`${meta.name}.${meta.namespace}.svc`, port),
    [`${META}service_port_name`]: name,
    [`${META}service_port_number`]: String(port),
    [`${META}service_port_protocol`]: protocol,
    [`${META}service_type`]: type,
    [`${META}service_external_name`]: external ? service.externalName : undefined,
    [`${META}service_cluster_ip`]: external ? undefined : service.clusterIp,
    [`${META}service_loadbalancer_ip`]:
      type === "LoadBalancer" ? service.loadBalancerIps : undefined,
  });
}
