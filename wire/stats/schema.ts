import {
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

/** The query of `/stats` for the OpenAPI document; `parseStatsQuery` understands the values. */
export const statsQueryProperties: Properties = {
  name: named("Only names like this; `*` and `?` stand for any characters.", "shop-*"),
  label: {
    anyOf: [{ type: "string" }, { type: "array", items: { type: "string" }, maxItems: 50 }],
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
  stat: named("Ways to sum up: avg, max, min, p95.", "avg,max"),
  sort: named("A statistic, or `name`; `-` before it turns the order round.", "-cpu_cores"),
  limit: named("At most so many containers.", "10"),
  format: named("`json`, `csv` or `ndjson`.", "csv"),
};

const series = object({
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
    series,
  },
  ["node", "container_id", "image", "runtime", "state", "created_at", "started_at", "series"],
  { description: "One container: who it is and what it uses." },
);

/** The answer of `/stats`. */
export const StatsAnswerSchema: JsonSchema = object({
  node: text("The node, or the cluster's name."),
  time,
  interval_seconds: number(),
  window_seconds: number(),
  containers: list(containerStats),
});

/** Every error of every route. */
export const ErrorSchema: JsonSchema = object({
  statusCode: { type: "integer" },
  error: text(),
  message: text(),
});
