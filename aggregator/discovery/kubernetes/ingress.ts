import { listAt, textAt, textsAt } from "../../../lib/json-at.ts";
import type { TargetGroup } from "../discovery.ts";
import { labelsOf } from "../meta-labels.ts";
import { type AttachMetadata, attachedNamespace, type ClusterObjects } from "./cluster-objects.ts";
import { keyOf, META, metaLabels, type ObjectMeta, readMeta } from "./meta.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/ */
export interface Ingress {
  readonly meta: ObjectMeta;
  readonly className: string;
  readonly tlsHosts: readonly string[];
  readonly rules: readonly { readonly host: string; readonly paths: readonly string[] }[];
}

export function readIngress(object: unknown): Ingress {
  return {
    meta: readMeta(object),
    className: textAt(object, "spec", "ingressClassName"),
    tlsHosts: listAt(object, "spec", "tls").flatMap((tls) => textsAt(tls, "hosts")),
    rules: listAt(object, "spec", "rules").map((rule) => ({
      host: textAt(rule, "host"),
      paths: pathsOf(rule),
    })),
  };
}

// A rule without paths stands for all of them.
function pathsOf(rule: unknown): readonly string[] {
  const paths = listAt(rule, "http", "paths").map((path) => textAt(path, "path") || "/");
  return paths.length === 0 ? ["/"] : paths;
}

/** A target for each ingress, host and path. */
export function groupsOfIngresses(objects: ClusterObjects, attach: AttachMetadata): TargetGroup[] {
  return [...objects.ingresses.values()].map((ingress) => ({
    source: `ingress/${keyOf(ingress.meta)}`,
    labels: {
      ...labelsOf({
        [`${META}namespace`]: ingress.meta.namespace,
        [`${META}ingress_class_name`]: ingress.className,
      }),
      ...metaLabels(ingress.meta, "ingress"),
      ...attachedNamespace(objects, attach, ingress.meta.namespace),
    },
    targets: ingress.rules.flatMap(({ host, paths }) =>
      paths.map((path) =>
        labelsOf({
          __address__: host,
          [`${META}ingress_scheme`]: isSecure(ingress, host) ? "https" : "http",
          [`${META}ingress_host`]: host,
          [`${META}ingress_path`]: path,
        }),
      ),
    ),
  }));
}

function isSecure({ tlsHosts }: Ingress, host: string): boolean {
  return tlsHosts.some((pattern) => matchesHost(pattern, host));
}

// `*.example.com` stands for exactly one more part.
function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  const dot = host.indexOf(".");
  return pattern.startsWith("*.") && dot !== -1 && pattern.slice(1) === host.slice(dot);
}
