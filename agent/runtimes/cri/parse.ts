import { isRecord } from "../../../lib/record.ts";
import { SANDBOX_LABEL } from "../../../wire/groups.ts";
import type { ContainerNetwork, EngineContainer } from "../runtime.ts";

type Fields = Readonly<Record<string, unknown>>;
type Labels = Readonly<Record<string, string>>;

/** A pod's sandbox: the process that holds its namespaces. */
export interface Sandbox {
  readonly id: string;
  /** The pod's. */
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
  readonly state: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  readonly labels: Labels;
  /** Only its status tells. */
  readonly network?: ContainerNetwork;
  /** Only its verbose status tells. */
  readonly image?: string;
}

/** A container as a list, its status or an event tells of it. */
export interface Listed {
  readonly id: string;
  /** Only a list tells. */
  readonly sandboxId?: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly state: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** RFC 3339; only its status tells. */
  readonly startedAt?: string;
  /** Of one that has ended; only its status tells. */
  readonly exitCode?: number;
  readonly labels: Labels;
  readonly restarts: number;
}

/** An event of the stream: what it is about and how that stands now. */
export interface CriEvent {
  readonly id: string;
  /** The state that such an event brings; undefined of a removal. */
  readonly state: string | undefined;
  readonly sandbox?: Sandbox;
  readonly container?: Listed;
}

/** What the runtime says it is. */
export interface CriVersion {
  /** `containerd`, `cri-o`, … */
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
}

/** CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED, CONTAINER_UNKNOWN, in Docker's words. */
const CONTAINER_STATES = ["created", "running", "exited", "unknown"];
/** SANDBOX_READY, SANDBOX_NOTREADY. */
const SANDBOX_STATES = ["running", "exited"];
/** CONTAINER_CREATED_EVENT, CONTAINER_STARTED_EVENT, CONTAINER_STOPPED_EVENT; then CONTAINER_DELETED_EVENT. */
const EVENT_STATES = ["created", "running", "exited"];
/** NamespaceMode NODE: the machine's own. */
const NODE = 2;

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? Math.max(0, Number(value)) : 0;
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function labelsOf(value: unknown): Labels {
  const labels = Object.entries(fieldsOf(value));
  return Object.fromEntries(labels.map(([key, text]): [string, string] => [key, textOf(text)]));
}

/** Nanoseconds since 1970, as text, in RFC 3339; undefined of 0 and before, which says "never". */
export function timeOf(nanoseconds: unknown): string | undefined {
  const text = textOf(nanoseconds);
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const all = BigInt(text);
  if (all === 0n) return undefined;
  const seconds = new Date(Number(all / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(all % 1_000_000_000n).padStart(9, "0")}Z`;
}

/** The answer of `Version`. */
export function parseVersion(answer: Fields): CriVersion {
  return {
    name: textOf(answer["runtime_name"]).toLowerCase(),
    version: textOf(answer["runtime_version"]),
    apiVersion: textOf(answer["runtime_api_version"]),
  };
}

/** A name that a person can read: no digest, no id. */
function isName(image: string): boolean {
  return image !== "" && !/^(?:sha256:)?[0-9a-f]{64}$/.test(image);
}

/** The kubelet asks for an image by its id, so that the name stands elsewhere. */
function imageOf(fields: Fields): string {
  const { image, user_specified_image: specified } = fieldsOf(fields["image"]);
  const names = [textOf(image), textOf(specified), textOf(fields["image_ref"])];
  return names.find(isName) ?? names.find((name) => name !== "") ?? "";
}

/** The kubelet counts; the container itself never starts again under its id. */
function restartsOf(annotations: Fields, attempt: number): number {
  const told = textOf(annotations["io.kubernetes.container.restartCount"]);
  return /^\d{1,9}$/.test(told) ? Number(told) : attempt;
}

/** A `Container` of a list or a `ContainerStatus`; undefined if it has no id. */
export function parseContainer(value: unknown): Listed | undefined {
  const fields = fieldsOf(value);
  const metadata = fieldsOf(fields["metadata"]);
  const id = textOf(fields["id"]);
  if (id === "") return undefined;
  const sandboxId = textOf(fields["pod_sandbox_id"]);
  const state = CONTAINER_STATES[Number(fields["state"])] ?? "unknown";
  const createdAt = timeOf(fields["created_at"]);
  const startedAt = timeOf(fields["started_at"]);
  const exitCode = fields["exit_code"];
  const attempt = countOf(metadata["attempt"]);
  return {
    id,
    name: textOf(metadata["name"]),
    attempt,
    image: imageOf(fields),
    state,
    labels: labelsOf(fields["labels"]),
    restarts: restartsOf(fieldsOf(fields["annotations"]), attempt),
    ...(sandboxId === "" ? {} : { sandboxId }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(state === "exited" && typeof exitCode === "number" ? { exitCode } : {}),
  };
}

function networkOf(fields: Fields): { readonly network?: ContainerNetwork } {
  const { namespaces } = fieldsOf(fields["linux"]);
  const { options } = fieldsOf(namespaces);
  if (!isRecord(options)) return {};
  const { ip, additional_ips: more } = fieldsOf(fields["network"]);
  const addresses = [textOf(ip), ...listOf(more).map((entry) => textOf(entry["ip"]))];
  return {
    network: {
      isHost: options["network"] === NODE,
      addresses: addresses.filter((address) => address !== ""),
      ports: [],
    },
  };
}

/** A `PodSandbox` of a list or a `PodSandboxStatus`; undefined if it has no id. */
export function parseSandbox(value: unknown): Sandbox | undefined {
  const fields = fieldsOf(value);
  const metadata = fieldsOf(fields["metadata"]);
  const id = textOf(fields["id"]);
  if (id === "") return undefined;
  const createdAt = timeOf(fields["created_at"]);
  return {
    id,
    name: textOf(metadata["name"]),
    namespace: textOf(metadata["namespace"]),
    uid: textOf(metadata["uid"]),
    attempt: countOf(metadata["attempt"]),
    state: SANDBOX_STATES[Number(fields["state"])] ?? "unknown",
    labels: labelsOf(fields["labels"]),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...networkOf(fields),
  };
}

/** The answer of `PodSandboxStatus`; containerd and CRI-O tell the image in JSON. */
export function parseSandboxStatus(answer: Fields): Sandbox | undefined {
  const sandbox = parseSandbox(answer["status"]);
  const image = imageIn(textOf(fieldsOf(answer["info"])["info"]));
  return sandbox === undefined || image === "" ? sandbox : { ...sandbox, image };
}

function imageIn(info: string): string {
  try {
    const parsed: unknown = JSON.parse(info);
    return textOf(fieldsOf(parsed)["image"]);
  } catch {
    // What it holds is up to each runtime.
    return "";
  }
}

/** All entries of a list that can be understood. */
export function parseAll<T>(values: unknown, parse: (value: unknown) => T | undefined): T[] {
  return listOf(values).flatMap((value) => parse(value) ?? []);
}

/** A message of `GetContainerEvents`; undefined if it says of nobody. */
export function parseCriEvent(message: Fields): CriEvent | undefined {
  const id = textOf(message["container_id"]);
  if (id === "") return undefined;
  const sandbox = parseSandbox(message["pod_sandbox_status"]);
  const container = parseAll(message["containers_statuses"], parseContainer).find(
    (candidate) => candidate.id === id,
  );
  return {
    id,
    state: EVENT_STATES[Number(message["container_event_type"])],
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(container === undefined || sandbox === undefined
      ? {}
      : { container: { ...container, sandboxId: sandbox.id } }),
  };
}

function kubernetesName(container: string, sandbox: Sandbox, attempt: number): string {
  const { name, namespace, uid } = sandbox;
  return `k8s_${container}_${name}_${namespace}_${uid}_${attempt}`;
}

/** Who the pod is, also where nobody has labelled it so. */
function podLabels({ name, namespace, uid, labels }: Sandbox): Labels {
  const own = {
    "io.kubernetes.pod.name": name,
    "io.kubernetes.pod.namespace": namespace,
    "io.kubernetes.pod.uid": uid,
  };
  return { ...own, ...labels };
}

/** All containers of a pod have its network. */
function placeOf(
  network: ContainerNetwork | undefined,
): Pick<EngineContainer, "network" | "networkMode"> {
  return network === undefined ? {} : { network, networkMode: network.isHost ? "host" : "pod" };
}

/** A sandbox as a container, under the name that the kubelet gives it in other engines. */
export function sandboxContainer(sandbox: Sandbox, runtime: string): EngineContainer {
  const { id, state, createdAt, network } = sandbox;
  return {
    id,
    runtime,
    name: kubernetesName("POD", sandbox, sandbox.attempt),
    image: sandbox.image ?? "",
    state,
    labels: { ...podLabels(sandbox), [SANDBOX_LABEL]: "sandbox" },
    // It is started with it; CRI has no other time of it.
    ...(createdAt === undefined ? {} : { createdAt, startedAt: createdAt }),
    ...placeOf(network),
  };
}

/** A container of a pod; its pod's labels are its own where it has no others. */
export function podContainer(
  listed: Listed,
  sandbox: Sandbox | undefined,
  runtime: string,
): EngineContainer {
  const { id, image, state, restarts, createdAt, startedAt, attempt } = listed;
  const name = listed.name === "" ? id.slice(0, 12) : listed.name;
  const own = { "io.kubernetes.container.name": listed.name, ...listed.labels };
  return {
    id,
    runtime,
    name: sandbox === undefined ? name : kubernetesName(name, sandbox, attempt),
    image,
    state,
    restarts,
    labels: sandbox === undefined ? own : { ...podLabels(sandbox), ...own },
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...placeOf(sandbox?.network),
  };
}
