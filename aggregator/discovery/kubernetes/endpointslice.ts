import { at, countAt, flagAt, listAt, textAt, textMapAt, textsAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import type { TargetGroup } from "../discovery.ts";
import { hostPort, labelName, labelsOf, prefixedLabels } from "../meta-labels.ts";
import {
  type AttachMetadata,
  attachedNamespace,
  attachedNode,
  type ClusterObjects,
} from "./cluster-objects.ts";
import { EndpointPods, readTargetRef, type TargetRef } from "./endpoint-pods.ts";
import { keyOf, META, metaLabels, type ObjectMeta, readMeta } from "./meta.ts";
import { labelsOfService, type Service } from "./service.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
export interface EndpointSlice {
  readonly meta: ObjectMeta;
  /** `IPv4`, `IPv6` or `FQDN`. */
  readonly addressType: string;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly Endpoint[];
}

interface SlicePort {
  readonly name: string;
  readonly port: number | undefined;
  readonly protocol: string;
  readonly appProtocol: string;
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly ready: boolean | undefined;
  readonly serving: boolean | undefined;
  readonly terminating: boolean | undefined;
  readonly hostname: string;
  readonly nodeName: string | undefined;
  readonly zone: string;
  readonly topology: Readonly<Record<string, string>>;
  readonly target: TargetRef | undefined;
}

/** The label by which a slice names its service. */
const SERVICE_NAME = "kubernetes.io/service-name";

export function readEndpointSlice(object: unknown): EndpointSlice {
  return {
    meta: readMeta(object),
    addressType: textAt(object, "addressType"),
    ports: listAt(object, "ports").map((port) => ({
      name: textAt(port, "name"),
      port: countAt(port, "port"),
      protocol: textAt(port, "protocol"),
      appProtocol: textAt(port, "appProtocol"),
    })),
    endpoints: listAt(object, "endpoints").map((endpoint) => ({
      addresses: textsAt(endpoint, "addresses"),
      ready: flagAt(endpoint, "conditions", "ready"),
      serving: flagAt(endpoint, "conditions", "serving"),
      terminating: flagAt(endpoint, "conditions", "terminating"),
      hostname: textAt(endpoint, "hostname"),
      nodeName: textAt(endpoint, "nodeName") || undefined,
      zone: textAt(endpoint, "zone"),
      topology: textMapAt(endpoint, "deprecatedTopology"),
      target: readTargetRef(at(endpoint, "targetRef")),
    })),
  };
}

/** A target for each endpoint, port and address, and for the other ports of the pods behind them. */
export function groupsOfEndpointSlices(
  objects: ClusterObjects,
  attach: AttachMetadata,
): TargetGroup[] {
  return [...objects.endpointslices.values()].map((slice) => {
    const { meta } = slice;
    const service = objects.services.get(`${meta.namespace}/${meta.labels[SERVICE_NAME] ?? ""}`);
    return {
      source: `endpointslice/${keyOf(meta)}`,
      labels: {
        ...labelsOf({
          [`${META}namespace`]: meta.namespace,
          [`${META}endpointslice_address_type`]: slice.addressType,
        }),
        ...metaLabels(meta, "endpointslice"),
        ...(service === undefined ? {} : labelsOfService(service)),
        ...attachedNamespace(objects, attach, meta.namespace),
      },
      targets: isSecondary(slice, service) ? [] : targetsOf(slice, objects, attach),
    };
  });
}

/** The other family of a dual-stack service says the same endpoints once more. */
function isSecondary(slice: EndpointSlice, service: Service | undefined): boolean {
  const policy = service?.ipFamilyPolicy ?? "";
  if (policy !== "PreferDualStack" && policy !== "RequireDualStack") return false;
  const primary = service?.ipFamilies[0];
  return primary !== undefined && primary !== slice.addressType;
}

function targetsOf(
  slice: EndpointSlice,
  objects: ClusterObjects,
  attach: AttachMetadata,
): readonly Labels[] {
  const pods = new EndpointPods(objects, attach);
  const targets = slice.endpoints.flatMap((endpoint) =>
    slice.ports.flatMap((port) =>
      endpoint.addresses.map((address) => ({
        __address__: port.port === undefined ? address : hostPort(address, port.port),
        ...labelsOfSlicePort(port),
        ...labelsOfEndpoint(endpoint),
        ...attachedNode(objects, attach, nodeOf(endpoint)),
        ...pods.labelsBehind(endpoint.target, { port: port.port }),
      })),
    ),
  );
  return [...targets, ...pods.uncovered()];
}

function labelsOfSlicePort({ name, port, protocol, appProtocol }: SlicePort): Labels {
  return labelsOf({
    [`${META}endpointslice_port_name`]: name,
    [`${META}endpointslice_port_protocol`]: protocol,
    [`${META}endpointslice_port`]: port === undefined ? undefined : String(port),
    [`${META}endpointslice_port_app_protocol`]: appProtocol,
  });
}

function labelsOfEndpoint(endpoint: Endpoint): Labels {
  const own = `${META}endpointslice_endpoint_`;
  return {
    ...labelsOf({
      [`${own}conditions_ready`]: word(endpoint.ready),
      [`${own}conditions_serving`]: word(endpoint.serving),
      [`${own}conditions_terminating`]: word(endpoint.terminating),
      [`${own}hostname`]: endpoint.hostname,
      [`${own}node_name`]: endpoint.nodeName,
      [`${own}zone`]: endpoint.zone,
      [`${META}endpointslice_address_target_kind`]: endpoint.target?.kind,
      [`${META}endpointslice_address_target_name`]: endpoint.target?.name,
    }),
    ...prefixedLabels(`${own}topology_`, endpoint.topology),
    ...Object.fromEntries(
      Object.keys(endpoint.topology).map((name) => [
        `${own}topology_present_${labelName(name)}`,
        "true",
      ]),
    ),
  };
}

function word(flag: boolean | undefined): string | undefined {
  return flag === undefined ? undefined : String(flag);
}

function nodeOf({ nodeName, target }: Endpoint): string | undefined {
  return target?.kind === "Node" ? target.name : nodeName;
}
