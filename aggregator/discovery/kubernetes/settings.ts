import type { Fields } from "../../../lib/config/fields.ts";
import { parsePeer } from "../../../lib/http/peer-config.ts";
import type { PeerSettings } from "../../../lib/http/peer-settings.ts";
import type { AttachMetadata } from "./cluster-objects.ts";
import type { ResourceName } from "./resources.ts";
import { type Role, roles } from "./roles.ts";

/** Restricts which objects of a resource are watched. */
export interface Selector {
  readonly label?: string;
  readonly field?: string;
}

/** Where the API server is. */
export type ServerSettings =
  | { readonly kind: "url"; readonly url: string; readonly peer: PeerSettings }
  | { readonly kind: "kubeconfig"; readonly file: string }
  | { readonly kind: "in-cluster" };

/** An entry of `kubernetes_sd_configs`. */
export interface KubernetesSettings {
  readonly role: Role;
  readonly server: ServerSettings;
  /** All if empty. */
  readonly namespaces: readonly string[];
  readonly ownNamespace: boolean;
  readonly selectors: ReadonlyMap<ResourceName, Selector>;
  readonly attach: AttachMetadata;
}

const ROLES = ["node", "service", "pod", "endpoints", "endpointslice", "ingress"] as const;

/** Reads all fields but for the end. */
export function parseKubernetes(entry: Fields): KubernetesSettings {
  const role = entry.choice("role", ROLES);
  if (role === undefined) throw entry.fault("role", `is missing; it is one of ${ROLES.join(", ")}`);
  const server = parseServer(entry);
  const namespaces = entry.object("namespaces");
  const ownNamespace = namespaces?.flag("own_namespace", false) ?? false;
  if (ownNamespace && server.kind !== "in-cluster") {
    throw entry.fault("namespaces", "has own_namespace, which only a pod of the cluster has");
  }
  const names = namespaces?.texts("names") ?? [];
  namespaces?.end();
  return {
    role,
    server,
    namespaces: names,
    ownNamespace,
    selectors: parseSelectors(entry, role),
    attach: parseAttach(entry.object("attach_metadata")),
  };
}

function parseServer(entry: Fields): ServerSettings {
  const url = entry.text("api_server", "");
  const file = entry.text("kubeconfig_file", "");
  const hasPeer = ["basic_auth", "authorization", "bearer_token", "bearer_token_file", "tls_config"]
    // Not `some`: each must count as read.
    .filter((name) => entry.has(name))[0];
  const peer = parsePeer(entry);
  if (url !== "" && file !== "") {
    throw entry.fault("kubeconfig_file", "cannot stand beside api_server; keep one of them");
  }
  if (url === "" && hasPeer !== undefined) throw entry.fault(hasPeer, "needs api_server");
  if (file !== "") return { kind: "kubeconfig", file };
  if (url === "") return { kind: "in-cluster" };
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/u.test(parsed.protocol)) {
    throw entry.fault("api_server", "must be a URL such as https://10.0.0.1:6443");
  }
  return { kind: "url", url: url.replace(/\/+$/u, ""), peer };
}

function parseSelectors(entry: Fields, role: Role): ReadonlyMap<ResourceName, Selector> {
  const selectors = new Map<ResourceName, Selector>();
  const allowed = roles[role].selectors;
  for (const fields of entry.objects("selectors")) {
    const selected = fields.choice("role", ROLES);
    const resource = selected === undefined ? undefined : allowed[selected];
    if (resource === undefined) {
      const names = Object.keys(allowed).join(", ");
      throw fields.fault("role", `must be one of ${names} where the role is ${role}`);
    }
    if (selectors.has(resource)) throw fields.fault("role", "is there twice");
    const label = fields.text("label");
    const field = fields.text("field");
    fields.end();
    selectors.set(resource, {
      ...(label === undefined ? {} : { label }),
      ...(field === undefined ? {} : { field }),
    });
  }
  return selectors;
}

function parseAttach(fields: Fields | undefined): AttachMetadata {
  const attach = {
    node: fields?.flag("node", false) ?? false,
    namespace: fields?.flag("namespace", false) ?? false,
    deployment: fields?.flag("deployment", false) ?? false,
    job: fields?.flag("job", false) ?? false,
    cronjob: fields?.flag("cronjob", false) ?? false,
  };
  fields?.end();
  return attach;
}
