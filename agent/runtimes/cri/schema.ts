/** A field of a message: its number, and what it holds. */
interface Field {
  readonly id: number;
  readonly type: string;
  readonly rule?: "repeated";
  readonly keyType?: "string";
}

const text = (id: number): Field => ({ id, type: "string" });
const int32 = (id: number): Field => ({ id, type: "int32" });
const uint32 = (id: number): Field => ({ id, type: "uint32" });
const int64 = (id: number): Field => ({ id, type: "int64" });
const texts = (id: number): Field => ({ id, type: "string", keyType: "string" });
const one = (type: string, id: number): Field => ({ id, type });
const many = (type: string, id: number): Field => ({ id, type, rule: "repeated" });

/** The message of a call that has nothing to say, or nothing that we say. */
const nothing: Readonly<Record<string, Field>> = {};

/** Enumerations are read as the numbers that they are on the wire: see parse.ts. */
const enumeration = int32;

const messages: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  VersionRequest: nothing,
  VersionResponse: {
    runtime_name: text(2),
    runtime_version: text(3),
    runtime_api_version: text(4),
  },
  ListPodSandboxRequest: nothing,
  ListPodSandboxResponse: { items: many("PodSandbox", 1) },
  PodSandbox: {
    id: text(1),
    metadata: one("PodSandboxMetadata", 2),
    state: enumeration(3),
    created_at: int64(4),
    labels: texts(5),
  },
  PodSandboxMetadata: { name: text(1), uid: text(2), namespace: text(3), attempt: uint32(4) },
  PodSandboxStatusRequest: { pod_sandbox_id: text(1), verbose: { id: 2, type: "bool" } },
  PodSandboxStatusResponse: { status: one("PodSandboxStatus", 1), info: texts(2) },
  PodSandboxStatus: {
    id: text(1),
    metadata: one("PodSandboxMetadata", 2),
    state: enumeration(3),
    created_at: int64(4),
    network: one("PodSandboxNetworkStatus", 5),
    linux: one("LinuxPodSandboxStatus", 6),
    labels: texts(7),
  },
  PodSandboxNetworkStatus: { ip: text(1), additional_ips: many("PodIP", 2) },
  PodIP: { ip: text(1) },
  LinuxPodSandboxStatus: { namespaces: one("Namespace", 1) },
  Namespace: { options: one("NamespaceOption", 2) },
  NamespaceOption: { network: enumeration(1) },
  ListContainersRequest: nothing,
  ListContainersResponse: { containers: many("Container", 1) },
  Container: {
    id: text(1),
    pod_sandbox_id: text(2),
    metadata: one("ContainerMetadata", 3),
    image: one("ImageSpec", 4),
    image_ref: text(5),
    state: enumeration(6),
    created_at: int64(7),
    labels: texts(8),
    annotations: texts(9),
  },
  ContainerMetadata: { name: text(1), attempt: uint32(2) },
  ImageSpec: { image: text(1), user_specified_image: text(18) },
  ContainerStatusRequest: { container_id: text(1) },
  ContainerStatusResponse: { status: one("ContainerStatus", 1) },
  ContainerStatus: {
    id: text(1),
    metadata: one("ContainerMetadata", 2),
    state: enumeration(3),
    created_at: int64(4),
    started_at: int64(5),
    exit_code: int32(7),
    image: one("ImageSpec", 8),
    image_ref: text(9),
    labels: texts(12),
    annotations: texts(13),
  },
  GetEventsRequest: nothing,
  ContainerEventResponse: {
    container_id: text(1),
    container_event_type: enumeration(2),
    pod_sandbox_status: one("PodSandboxStatus", 4),
    containers_statuses: many("ContainerStatus", 5),
  },
};

/** The calls of `runtime.v1.RuntimeService` that are made; no other ever is. */
export type CriMethod =
  | "Version"
  | "ListPodSandbox"
  | "PodSandboxStatus"
  | "ListContainers"
  | "ContainerStatus"
  | "GetContainerEvents";

interface Method {
  readonly requestType: string;
  readonly responseType: string;
  readonly responseStream?: boolean;
}

const call = (requestType: string, responseType: string): Method => ({ requestType, responseType });

const methods: Readonly<Record<CriMethod, Method>> = {
  Version: call("VersionRequest", "VersionResponse"),
  ListPodSandbox: call("ListPodSandboxRequest", "ListPodSandboxResponse"),
  PodSandboxStatus: call("PodSandboxStatusRequest", "PodSandboxStatusResponse"),
  ListContainers: call("ListContainersRequest", "ListContainersResponse"),
  ContainerStatus: call("ContainerStatusRequest", "ContainerStatusResponse"),
  GetContainerEvents: {
    ...call("GetEventsRequest", "ContainerEventResponse"),
    responseStream: true,
  },
};

/** The service's name on the wire. */
export const CRI_SERVICE = "runtime.v1.RuntimeService";

/**
 * The part of CRI v1 that is used, as protobuf.js takes it: names and numbers of fields are those of
 * https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto. Unknown fields are skipped.
 */
export function criSchema(): { nested: Record<string, object> } {
  const types = Object.entries(messages).map(([name, fields]) => [name, { fields }] as const);
  const v1 = { ...Object.fromEntries(types), RuntimeService: { methods } };
  return { nested: { runtime: { nested: { v1: { nested: v1 } } } } };
}
