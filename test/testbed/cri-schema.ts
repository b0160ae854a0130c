import * as loader from "@grpc/proto-loader";

type Json = Parameters<typeof loader.fromJSON>[0];

const string = (id: number): object => ({ id, type: "string" });
const one = (type: string, id: number): object => ({ id, type });
const many = (type: string, id: number): object => ({ id, type, rule: "repeated" });
const map = (id: number): object => ({ id, type: "string", keyType: "string" });

const messages: Record<string, Record<string, object>> = {
  Empty: {},
  Id: { id: string(1) },
  Stop: { id: string(1), timeout: one("int64", 2) },
  VersionResponse: {
    runtime_name: string(2),
    runtime_version: string(3),
    runtime_api_version: string(4),
  },
  PodMetadata: {
    name: string(1),
    uid: string(2),
    namespace: string(3),
    attempt: one("uint32", 4),
  },
  NamespaceOption: { network: one("int32", 1), pid: one("int32", 2), ipc: one("int32", 3) },
  PodSecurity: { namespace_options: one("NamespaceOption", 1) },
  PodLinux: { cgroup_parent: string(1), security_context: one("PodSecurity", 2) },
  PodConfig: {
    metadata: one("PodMetadata", 1),
    log_directory: string(3),
    labels: map(6),
    annotations: map(7),
    linux: one("PodLinux", 8),
  },
  RunPodSandboxRequest: { config: one("PodConfig", 1) },
  RunPodSandboxResponse: { pod_sandbox_id: string(1) },
  Metadata: { name: string(1), attempt: one("uint32", 2) },
  Image: { image: string(1), user_specified_image: string(18) },
  Security: { namespace_options: one("NamespaceOption", 3) },
  Linux: { security_context: one("Security", 2) },
  ContainerConfig: {
    metadata: one("Metadata", 1),
    image: one("Image", 2),
    command: many("string", 3),
    labels: map(9),
    annotations: map(10),
    linux: one("Linux", 15),
  },
  CreateContainerRequest: {
    pod_sandbox_id: string(1),
    config: one("ContainerConfig", 2),
    sandbox_config: one("PodConfig", 3),
  },
  CreateContainerResponse: { container_id: string(1) },
  Container: {
    id: string(1),
    pod_sandbox_id: string(2),
    metadata: one("Metadata", 3),
    image: one("Image", 4),
    image_ref: string(5),
    state: one("int32", 6),
    created_at: one("int64", 7),
    labels: map(8),
    annotations: map(9),
  },
  ContainerStatus: {
    id: string(1),
    metadata: one("Metadata", 2),
    state: one("int32", 3),
    created_at: one("int64", 4),
    started_at: one("int64", 5),
    finished_at: one("int64", 6),
    exit_code: one("int32", 7),
    image: one("Image", 8),
    image_ref: string(9),
    reason: string(10),
    labels: map(12),
    annotations: map(13),
    log_path: string(15),
  },
  ContainerStatusResponse: { status: one("ContainerStatus", 1), info: map(2) },
  ListContainersResponse: { containers: many("Container", 1) },
  PodSandbox: {
    id: string(1),
    metadata: one("PodMetadata", 2),
    state: one("int32", 3),
    created_at: one("int64", 4),
    labels: map(5),
    annotations: map(6),
    runtime_handler: string(7),
  },
  PodIp: { ip: string(1) },
  PodNetwork: { ip: string(1), additional_ips: many("PodIp", 2) },
  PodNamespaces: { options: one("NamespaceOption", 2) },
  PodLinuxStatus: { namespaces: one("PodNamespaces", 1) },
  PodSandboxStatus: {
    id: string(1),
    metadata: one("PodMetadata", 2),
    state: one("int32", 3),
    created_at: one("int64", 4),
    network: one("PodNetwork", 5),
    linux: one("PodLinuxStatus", 6),
    labels: map(7),
    annotations: map(8),
  },
  PodSandboxStatusResponse: { status: one("PodSandboxStatus", 1), info: map(2) },
  Event: {
    container_id: string(1),
    container_event_type: one("int32", 2),
    created_at: one("int64", 3),
    pod_sandbox_status: one("PodSandboxStatus", 4),
    containers_statuses: many("ContainerStatus", 5),
  },
  ListPodSandboxResponse: { items: many("PodSandbox", 1) },
};

const calls: Record<string, [request: string, response: string, isStream?: boolean]> = {
  Version: ["Empty", "VersionResponse"],
  RunPodSandbox: ["RunPodSandboxRequest", "RunPodSandboxResponse"],
  StopPodSandbox: ["Id", "Empty"],
  RemovePodSandbox: ["Id", "Empty"],
  CreateContainer: ["CreateContainerRequest", "CreateContainerResponse"],
  StartContainer: ["Id", "Empty"],
  StopContainer: ["Stop", "Empty"],
  RemoveContainer: ["Id", "Empty"],
  ListContainers: ["Empty", "ListContainersResponse"],
  ListPodSandbox: ["Empty", "ListPodSandboxResponse"],
  ContainerStatus: ["Id", "ContainerStatusResponse"],
  PodSandboxStatus: ["Id", "PodSandboxStatusResponse"],
  GetContainerEvents: ["Empty", "Event", true],
};

/**
 * The part of CRI v1 that tests use, from api.proto of kubernetes/cri-api; on purpose not the agent's own
 * description. Messages that only carry an id are one type here, as they look the same on the wire.
 */
export function criService(): loader.ServiceDefinition {
  const types = Object.entries(messages).map(([name, fields]) => [name, { fields }] as const);
  const methods = Object.entries(calls).map(
    ([name, [requestType, responseType, responseStream = false]]) =>
      [name, { requestType, responseType, responseStream }] as const,
  );
  const nested = {
    ...Object.fromEntries(types),
    RuntimeService: { methods: Object.fromEntries(methods) },
  };
  const json = { nested: { runtime: { nested: { v1: { nested } } } } } as Json;
  const options = { keepCase: true, longs: String, defaults: true };
  return loader.fromJSON(json, options)["runtime.v1.RuntimeService"] as loader.ServiceDefinition;
}
