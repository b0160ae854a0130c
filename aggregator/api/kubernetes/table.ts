import { apiVersionOf, type KubernetesObject, type Resource } from "./resource.ts";

/** How an answer is wanted: as objects, or as a table of this version. */
export type Form = "objects" | { readonly table: "v1" | "v1beta1" };

/** How much of an object a row of a table carries. */
export type RowObject = "None" | "Metadata" | "Object";

/**
 * The form that an `Accept` header wants: the first of its entries that can be given. Everything
 * else gets objects, as kubectl takes JSON whatever it asked for.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
export function wantedForm(accept: string | undefined): Form {
  for (const entry of (accept ?? "").split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    if (!["application/json", "application/*", "*/*"].includes(type)) continue;
    const given = Object.fromEntries(parameters.map((one) => one.split("=", 2)));
    const { as, g: group, v: version } = given;
    if (as === undefined) return "objects";
    if (as !== "table" || group !== "meta.k8s.io") continue;
    if (version === "v1" || version === "v1beta1") return { table: version };
  }
  return "objects";
}

/** The beginning of a table's JSON, up to its rows. */
export function tableHead(resource: Resource, version: "v1" | "v1beta1"): string {
  const columns = [
    { name: "Name", format: "name", description: "Name of the object." },
    ...resource.columns.map((column) => ({ ...column, format: "" })),
  ];
  const columnDefinitions = columns.map(({ name, format, description }) => ({
    name,
    type: "string",
    format,
    description,
    priority: 0,
  }));
  const head = { kind: "Table", apiVersion: `meta.k8s.io/${version}`, metadata: {} };
  return `${JSON.stringify({ ...head, columnDefinitions }).slice(0, -1)},"rows":[`;
}

/** One row. */
export function tableRow(
  resource: Resource,
  object: KubernetesObject,
  { version, row }: { readonly version: "v1" | "v1beta1"; readonly row: RowObject },
): string {
  const cells = [object.metadata.name, ...resource.cells(object)];
  return JSON.stringify({ cells, ...rowObject(resource, object, version, row) });
}

function rowObject(
  resource: Resource,
  object: KubernetesObject,
  version: string,
  row: RowObject,
): object {
  switch (row) {
    case "None":
      return {};
    case "Metadata": {
      const head = { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}` };
      return { object: { ...head, metadata: object.metadata } };
    }
    case "Object":
      return { object: { kind: resource.kind, apiVersion: apiVersionOf(resource), ...object } };
  }
}
