import type { FastifySchema } from "fastify";

import type { LateRoute, LateRoutes } from "../../../lib/http/late-routes.ts";
import {
  type JsonSchema,
  list,
  object,
  orNull,
  type Properties,
  query,
  record,
  text,
  time,
} from "../../../wire/json-schema.ts";
import { structures } from "./structures.ts";

/** Where Fastify looks for a structure. */
const PREFIX = "cadvisor";

const BASIC: Readonly<Record<string, JsonSchema>> = {
  u: { type: "integer", minimum: 0 },
  int: { type: "integer" },
  float: { type: "number" },
  bool: { type: "boolean" },
  s: { type: "string" },
  any: { type: "object" },
  time,
};

/** The schema of a type in the words of `structures`. */
function schemaOf(type: string): JsonSchema {
  if (type.endsWith("!")) return orNull(schemaOf(type.slice(0, -1)));
  if (type.startsWith("[")) return list(schemaOf(type.slice(1, -1)));
  if (type.startsWith("{")) return record(schemaOf(type.slice(1, -1)));
  return BASIC[type] ?? { $ref: `${PREFIX}${type}#` };
}

function structure(fields: string): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const optional: string[] = [];
  for (const field of fields.trim().split(/\s+/)) {
    const colon = field.indexOf(":");
    const isOptional = field[colon - 1] === "?";
    const name = field.slice(0, isOptional ? colon - 1 : colon).replaceAll("␣", " ");
    if (isOptional) optional.push(name);
    properties[name] = schemaOf(field.slice(colon + 1));
  }
  return object(properties, optional, { additionalProperties: false });
}

/** Every structure as a schema that others refer to. */
const sharedSchemas: readonly JsonSchema[] = Object.entries(structures).map(([name, fields]) => ({
  $id: `${PREFIX}${name}`,
  title: name,
  ...structure(fields),
}));

interface DescribedRoute {
  readonly url: string;
  readonly schema: FastifySchema;
  /** API v1 takes a body. */
  readonly body?: JsonSchema;
}

const v1Body = object(
  {
    num_stats: {
      type: "integer",
      default: 60,
      description: "The newest so many samples; -1 = all.",
    },
    start: text("Only samples from then on.", { format: "date-time" }),
    end: text("Only samples up to then.", { format: "date-time" }),
  },
  ["num_stats", "start", "end"],
);

const errors = {
  "4xx": {
    content: { "text/plain": { schema: text() } },
    description: "Which versions or types there are.",
  },
  "5xx": {
    content: { "text/plain": { schema: text() } },
    description: "What is wrong, whoever is to blame.",
  },
};

const choice: Properties = {
  type: text("What the name is: a cgroup's path, or an engine's name, id or beginning of an id.", {
    enum: ["name", "docker", "podman"],
    default: "name",
  }),
  recursive: text("`true`: all cgroups below it too.", { enum: ["true", "false"] }),
};

const sampled: Properties = {
  ...choice,
  count: {
    type: "integer",
    minimum: -1,
    default: 64,
    description: "The newest so many samples; -1 = all.",
  },
  max_age: text("Accepted: no sample is older than an interval.", { examples: ["1s"] }),
};

const flag = text(undefined, { enum: ["true", "false"], default: "false" });

const eventQuery: Properties = {
  stream: text("`true`: events as they happen, one a line, until the client leaves.", {
    enum: ["true", "false"],
  }),
  subcontainers: text("`true`: of cgroups below it too.", { enum: ["true", "false"] }),
  all_events: flag,
  oom_events: flag,
  oom_kill_events: flag,
  creation_events: flag,
  deletion_events: flag,
  max_events: { type: "integer", default: 10, description: "The newest so many; -1 = all." },
  start_time: text(undefined, { format: "date-time" }),
  end_time: text(undefined, { format: "date-time" }),
};

interface Description {
  readonly versions: readonly string[];
  readonly type: string;
  readonly summary: string;
  readonly answer: JsonSchema;
  readonly query?: Properties;
  readonly body?: JsonSchema;
  /** What the rest of the path names. */
  readonly rest?: string;
}

const V1 = ["v1.0", "v1.1", "v1.2", "v1.3"];
const V2 = ["v2.0", "v2.1"];
const CGROUP = "A cgroup's path; nothing = the machine.";
const CONTAINER = "A cgroup's path, or what `type` says.";

const descriptions: readonly Description[] = [
  {
    versions: [...V1, ...V2],
    type: "machine",
    summary: "The machine.",
    answer: schemaOf("MachineInfo"),
  },
  {
    versions: V1,
    type: "containers",
    summary: "One cgroup: who it is, what it may, its samples.",
    answer: schemaOf("ContainerInfo"),
    body: v1Body,
    rest: CGROUP,
  },
  {
    versions: V1.slice(1),
    type: "subcontainers",
    summary: "A cgroup and all below it.",
    answer: schemaOf("[ContainerInfo]"),
    body: v1Body,
    rest: CGROUP,
  },
  {
    versions: V1.slice(2),
    type: "docker",
    summary: "Docker's containers, by their cgroups.",
    answer: schemaOf("{ContainerInfo}"),
    body: v1Body,
    rest: "A name, an id or the beginning of one; nothing = all.",
  },
  {
    versions: ["v1.3", ...V2],
    type: "events",
    summary: "What has happened to cgroups.",
    answer: schemaOf("[Event]"),
    query: eventQuery,
    rest: CGROUP,
  },
  { versions: V2, type: "version", summary: "The agent's version.", answer: text() },
  {
    versions: V2,
    type: "attributes",
    summary: "The machine and the software on it.",
    answer: schemaOf("Attributes"),
  },
  {
    versions: V2,
    type: "summary",
    summary: "What was used now, in the last minute, hour and day.",
    answer: schemaOf("{DerivedStats}"),
    query: choice,
    rest: CONTAINER,
  },
  {
    versions: V2,
    type: "stats",
    summary:
      "Samples; v2.1 has them in another form, with what a container is, and without the machine.",
    answer: {
      anyOf: [schemaOf("{[DeprecatedContainerStats]}"), schemaOf("{ContainerStatsEntry}")],
    },
    query: sampled,
    rest: CONTAINER,
  },
  {
    versions: V2,
    type: "spec",
    summary: "What a container is and may.",
    answer: schemaOf("{ContainerSpecV2}"),
    query: choice,
    rest: CONTAINER,
  },
  {
    versions: V2,
    type: "storage",
    summary: "The machine's filesystems.",
    answer: schemaOf("[FsInfo]"),
    query: {
      label: text(undefined, { enum: ["root", "docker-images", "crio-images", "crio-containers"] }),
      uuid: text("Accepted: none can be found by it."),
    },
  },
  {
    versions: V2,
    type: "ps",
    summary: "The processes of a cgroup itself; of the machine all, 2000 at most.",
    answer: schemaOf("[ProcessInfo]"),
    query: choice,
    rest: CONTAINER,
  },
  {
    versions: V2,
    type: "appmetrics",
    summary: "What containers expose of themselves.",
    answer: schemaOf("{{{[MetricValBasic]}}}"),
    query: choice,
    rest: CONTAINER,
  },
  {
    versions: ["v2.1"],
    type: "machinestats",
    summary: "Samples of the machine.",
    answer: schemaOf("[MachineStats]"),
    query: sampled,
  },
];

function routesOf(description: Description): DescribedRoute[] {
  const { versions, type, summary, answer, query: properties, body, rest } = description;
  const base = `/api/:version/${type}`;
  const version = text("The API's version.", { enum: versions });
  const route = (url: string, params: Properties): DescribedRoute => ({
    url,
    schema: {
      summary,
      tags: ["cadvisor"],
      params: object(params),
      ...(properties === undefined ? {} : { querystring: query(properties) }),
      response: { 200: answer, ...errors },
    },
    ...(body === undefined ? {} : { body }),
  });
  if (rest === undefined) return [route(base, { version })];
  const path = text(rest, { title: "container" });
  return [route(base, { version }), route(`${base}/*`, { version, "*": path })];
}

/** Every route of the API as the OpenAPI document has it. */
export function describeRest(): LateRoutes {
  const routes = descriptions.flatMap(routesOf).flatMap(({ url, schema, body }): LateRoute[] => [
    { method: "GET", url, schema },
    // Only those that take a body are told of: cAdvisor's own client posts.
    ...(body === undefined ? [] : [{ method: "POST" as const, url, schema: { ...schema, body } }]),
  ]);
  return { schemas: sharedSchemas, routes };
}
