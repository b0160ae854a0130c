import type { ClusterView } from "../route.ts";
import type { Fields } from "./field-selector.ts";

/** What every object says of itself. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** An object, without its kind. */
export interface KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly description: string;
}

/** An object that is made only if it is asked for. */
export interface Candidate {
  readonly namespace?: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Fields;
  /** Undefined while nothing can be said of it. */
  make(): KubernetesObject | undefined;
}

/** A kind of objects, and where they come from. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** `pods` in the path. */
  readonly plural: string;
  /** What a message calls one that is not there. */
  readonly noun: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly shortNames?: readonly string[];
  /** The fields that can be selected by. */
  readonly fields: readonly string[];
  /** After the name. */
  readonly columns: readonly Column[];
  cells(object: KubernetesObject): readonly string[];
  /** All that there are, in order. */
  candidates(view: ClusterView): Iterable<Candidate>;
}

/** `metrics.k8s.io/v1beta1`, `v1`. */
export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}
