import { version } from "../../../lib/version.ts";
import { METRICS_GROUP } from "./metrics-resources.ts";
import { apiVersionOf, type Resource } from "./resource.ts";

/** What a client asks first, to learn what there is. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */

/** A document that is always the same. */
type Document = Readonly<Record<string, unknown>>;

/** `/api`. */
export const apiVersions: Document = {
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [],
};

const groupVersion = { groupVersion: apiVersionOf(METRICS_GROUP), version: METRICS_GROUP.version };

/** A group as it stands in the list of groups. */
const metricsGroup = {
  name: METRICS_GROUP.group,
  versions: [groupVersion],
  preferredVersion: groupVersion,
};

/** `/apis`. */
export const apiGroups: Document = {
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: [metricsGroup],
};

/** `/apis/metrics.k8s.io`. */
export const apiGroup: Document = { kind: "APIGroup", apiVersion: "v1", ...metricsGroup };

/** `/api/v1` and `/apis/metrics.k8s.io/v1beta1`. */
export function resourceList(
  group: Pick<Resource, "group" | "version">,
  resources: readonly Resource[],
): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf(group),
    resources: resources.map(({ plural, isNamespaced, kind, shortNames }) => ({
      name: plural,
      singularName: "",
      namespaced: isNamespaced,
      kind,
      verbs: ["get", "list"],
      ...(shortNames === undefined ? {} : { shortNames }),
    })),
  };
}

/**
 * `/version`: the oldest Kubernetes that has all that is served here, so that no client expects more.
 */
export const kubernetesVersion: Document = {
  major: "1",
  minor: "20",
  gitVersion: `v1.20.0+plimsoll.${version}`,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: `linux/${process.arch}`,
};
