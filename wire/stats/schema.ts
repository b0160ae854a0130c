import {
  answer,
  type JsonSchema,
  list,
  number,
  object,
  orNull,
  type Properties,
  record,
  text,
  time,
} from "../json-schema.ts";
import { allStats } from "../metrics/all.ts";

const named = (description: string, example: string): JsonSchema =>
  text(description, { examples: [example], maxLength: 1000 });

const labelText = text(undefined, { maxLength: 1000 });

/** The query of `/stats` for the OpenAPI document; `parseStatsQuery` understands the values. */
export const statsQueryProperties: Properties = {
  name: named("Only names like this; `*` and `?` stand for any characters.", "shop-*"),
  label: {
    type: "array",
    items: labelText,
    maxItems: 50,
    description: "Only containers with this label, as `key` or `key=value`; may be repeated.",
  },
  runtime: named("Only containers of this engine.", "docker"),
  group: named("Only members of this group, as `kind:name`.", "compose_project:shop"),
  metrics: named(
    `Only these statistics: ${allStats.map((stat) => stat.name).join(", ")}.`,
    "cpu_cores,memory_working_set_bytes",
  ),
  window: named("How much of the kept window to sum up.", "30s"),
  step: named("Also answer the values over time, in steps of this length.", "5s"),
  stat: named("Ways to sum up: avg, max, min, p95; all if left out.", "avg,max"),
  sort: named("A statistic, or `name`; `-` before it turns the order round.", "-cpu_cores"),
  limit: named("At most so many containers.", "10"),
  format: named("`json`, `csv` or `ndjson`.", "csv"),
};

/** Values over time. */
export const seriesSchema: JsonSchema = object({
  step_seconds: number(),
  times: list(number(), { description: "Unix seconds, the beginning of each step." }),
  values: record(record(list(orNull(number())))),
});

/** One container in an answer. */
const containerStats = object(
  {
    node: text(),
    id: text("Absolute cgroup path."),
    container_id: text(),
    name: text(),
    image: text(),
    runtime: text(),
    state: text(),
    created_at: time,
    started_at: time,
    health: text("What its health check says: healthy, starting or unhealthy."),
    restarts: number("How often its engine has started it again by itself."),
    network_mode: text(
      "In its engine's words: `bridge`, `host`, `none`, `container:ID`, `pod` or a network's name.",
      { examples: ["bridge"] },
    ),
    env: record(text(), { description: "Variables that the agent was told to show." }),
    labels: record(text()),
    groups: record(text()),
    limits: object({
      cpu_cores: orNull(number()),
      memory_bytes: orNull(number()),
      pids: orNull(number()),
    }),
    latest: record(
      { anyOf: [{ type: "number" }, { type: "string" }] },
      {
        description:
          "The newest value of each statistic, and its time; what can't be measured has no key.",
      },
    ),
    window: record(record(number()), { description: "Each statistic summed up over the window." }),
    series: seriesSchema,
  },
  [
    "node",
    "container_id",
    "image",
    "runtime",
    "state",
    "created_at",
    "started_at",
    "health",
    "restarts",
    "network_mode",
    "env",
    "series",
  ],
  { description: "One container: who it is and what it uses." },
);

/** The answer of `/stats`. */
const StatsAnswerSchema: JsonSchema = object(
  {
    node: text("The node, or the cluster's name."),
    time,
    interval_seconds: number(),
    window_seconds: number(),
    resolution_seconds: number(
      "Of the past: 1 where each sample is still kept, else how long the stretches are of which only average, least, most and last are. The 95th percentile is that of their averages.",
    ),
    containers: list(containerStats),
  },
  ["resolution_seconds"],
);

/** Every error of every route. */
export const ErrorSchema: JsonSchema = object({
  statusCode: { type: "integer" },
  error: text(),
  message: text(),
});

/** The data of an event `update`: what has changed since the event before. */
export const StatsUpdateSchema: JsonSchema = object(
  {
    time,
    added: list(containerStats, {
      description: "Who has come or is described anew; takes the place of the one with its `id`.",
    }),
    changed: list(
      object(
        {
          id: text(),
          latest: record({ anyOf: [{ type: "number" }, { type: "string" }, { type: "null" }] }),
          window: record(orNull(record(number()))),
        },
        ["window"],
      ),
      { description: "Only the values that are others than before; null = absent from now on." },
    ),
    removed: list(text(), { description: "The `id` of each that is there no more." }),
  },
  [],
  { description: "The data of an event `update`; that of `snapshot` is the answer in JSON." },
);

/** An answer of `/stats` in each of its formats. */
export const statsForms: Properties = {
  "application/json": StatsAnswerSchema,
  "application/x-ndjson": text("One container a line."),
  "text/csv": text("One container a line, below a line of names."),
};

/** The answers of `/stats` by status, for routes that can be followed. */
export const statsResponses: Readonly<Record<string, JsonSchema>> = {
  200: answer("The containers, in the format asked for.", {
    ...statsForms,
    "text/event-stream": text(
      "Events: `snapshot` with the whole answer, then after each pass `update` with what has changed.",
      {
        contentMediaType: "application/json",
        contentSchema: { anyOf: [StatsAnswerSchema, StatsUpdateSchema] },
      },
    ),
  }),
  304: { description: "Nothing has been sampled since the answer with that ETag.", type: "null" },
  "4xx": ErrorSchema,
  503: ErrorSchema,
};
