import {
  answer,
  type JsonSchema,
  list,
  object,
  type Properties,
  record,
  text,
  time,
} from "../../../wire/json-schema.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { statusSchema } from "./status.ts";

const metadata = object(
  {
    name: text(),
    namespace: text(),
    creationTimestamp: time,
    labels: record(text()),
  },
  ["namespace", "creationTimestamp", "labels"],
);

const quantities = record(text("A quantity, such as `250m` or `1234Ki`."));
const usage = object({ cpu: text("`123456789n`, cores."), memory: text("`1234Ki`, bytes.") });
const window = text("What the CPU is averaged over, `15.002s`.");

/** What stands beside the metadata of each kind. */
const bodies: Readonly<Record<string, Properties>> = {
  NodeMetrics: { timestamp: time, window, usage },
  PodMetrics: { timestamp: time, window, containers: list(object({ name: text(), usage })) },
  Node: {
    status: object({
      capacity: quantities,
      allocatable: quantities,
      conditions: list(object({ type: text(), status: text() })),
    }),
  },
  Pod: {
    spec: object({
      nodeName: text(),
      containers: list(
        object({ name: text(), image: text(), resources: object({ limits: quantities }) }, [
          "image",
        ]),
      ),
    }),
    status: object({ phase: text(), startTime: time }, ["startTime"]),
  },
  Namespace: { status: object({ phase: text() }) },
};

const exactly = (value: string): JsonSchema => text(undefined, { const: value });

function tableSchema(whole: JsonSchema): JsonSchema {
  const partial = object({
    kind: exactly("PartialObjectMetadata"),
    apiVersion: text("`meta.k8s.io/v1`."),
    metadata,
  });
  const column = object({
    name: text(),
    type: text(),
    format: text(),
    description: text(),
    priority: { type: "integer" },
  });
  return object({
    kind: exactly("Table"),
    apiVersion: text("`meta.k8s.io/v1`."),
    metadata: object({}),
    columnDefinitions: list(column),
    rows: list(object({ cells: list(text()), object: { anyOf: [partial, whole] } }, ["object"])),
  });
}

function wholeOf(resource: Resource): JsonSchema {
  return object({
    kind: exactly(resource.kind),
    apiVersion: exactly(apiVersionOf(resource)),
    metadata,
    ...bodies[resource.kind],
  });
}

/** The answers of a list of a kind. */
export function listAnswers(resource: Resource): JsonSchema {
  const objects = object({
    kind: exactly(`${resource.kind}List`),
    apiVersion: exactly(apiVersionOf(resource)),
    metadata: object({}),
    items: list(object({ metadata, ...bodies[resource.kind] })),
  });
  return answersOf("The objects, or a table of them if `Accept` wants that.", {
    anyOf: [objects, tableSchema(wholeOf(resource))],
  });
}

/** The answers of one object of a kind. */
export function oneAnswers(resource: Resource): JsonSchema {
  const whole = wholeOf(resource);
  return answersOf("The object, or a table with it if `Accept` wants that.", {
    anyOf: [whole, tableSchema(whole)],
  });
}

/** The answers of a document that is always the same. */
export function documentAnswers(description: string): JsonSchema {
  return answersOf(description, { type: "object", additionalProperties: true });
}

function answersOf(description: string, schema: JsonSchema): JsonSchema {
  return { 200: answer(description, { "application/json": schema }), "4xx": statusSchema };
}

/** The parameters of lists; what Kubernetes has besides is taken and changes nothing. */
export const listQuery: JsonSchema = {
  type: "object",
  properties: {
    labelSelector: text("Only objects whose labels fit, `app=web,tier in (a,b),!old`.", {
      examples: ["app=web"],
    }),
    fieldSelector: text("Only objects whose fields fit, `metadata.name=web`.", {
      examples: ["metadata.name=web"],
    }),
    includeObject: text("How much of its object a table's row carries.", {
      enum: ["None", "Metadata", "Object"],
    }),
    limit: text("Taken, and all is answered."),
    continue: text("Taken, as no answer has ever more to come."),
    watch: text("There is nothing to watch: 405 if it is true."),
  },
};

/** The parameters of one object. */
export const oneQuery: JsonSchema = {
  type: "object",
  properties: {
    includeObject: text("How much of its object a table's row carries.", {
      enum: ["None", "Metadata", "Object"],
    }),
  },
};
