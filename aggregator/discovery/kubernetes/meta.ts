import { flagAt, listAt, textAt, textMapAt } from "../../../lib/json-at.ts";
import type { Labels } from "../../../wire/labels.ts";
import { labelName, labelsOf, prefixedLabels } from "../meta-labels.ts";

/** What an object is made and kept up by. */
export interface Controller {
  readonly kind: string;
  readonly name: string;
}

/**
 * What every object has.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
 */
export interface ObjectMeta {
  /** Empty for what belongs to the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly controller?: Controller;
}

/** An object of which no more is known than that. */
export interface BareObject {
  readonly meta: ObjectMeta;
}

/** How the labels of the discovery begin. */
export const META = "__meta_kubernetes_";

export function readMeta(object: unknown): ObjectMeta {
  const owner = listAt(object, "metadata", "ownerReferences").find(
    (reference) => flagAt(reference, "controller") === true,
  );
  return {
    namespace: textAt(object, "metadata", "namespace"),
    name: textAt(object, "metadata", "name"),
    uid: textAt(object, "metadata", "uid"),
    labels: textMapAt(object, "metadata", "labels"),
    annotations: textMapAt(object, "metadata", "annotations"),
    ...(owner === undefined
      ? {}
      : { controller: { kind: textAt(owner, "kind"), name: textAt(owner, "name") } }),
  };
}

export function readBareObject(object: unknown): BareObject {
  return { meta: readMeta(object) };
}

/** `namespace/name`, or the name alone. */
export function keyOf({ namespace, name }: ObjectMeta): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** Name, labels and annotations: `__meta_kubernetes_pod_name`, `…_pod_label_app` and so on. */
export function metaLabels(meta: ObjectMeta, resource: string): Labels {
  return { ...labelsOf({ [`${META}${resource}_name`]: meta.name }), ...ownLabels(meta, resource) };
}

/** Labels and annotations alone. */
export function ownLabels(meta: ObjectMeta, resource: string): Labels {
  return {
    ...prefixedLabels(`${META}${resource}_label_`, meta.labels),
    ...present(`${META}${resource}_labelpresent_`, meta.labels),
    ...prefixedLabels(`${META}${resource}_annotation_`, meta.annotations),
    ...present(`${META}${resource}_annotationpresent_`, meta.annotations),
  };
}

function present(prefix: string, texts: Readonly<Record<string, string>>): Labels {
  return Object.fromEntries(Object.keys(texts).map((name) => [prefix + labelName(name), "true"]));
}
