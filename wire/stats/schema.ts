import { type Static, type TObject, type TSchema, Type } from "@sinclair/typebox";

import { allStats } from "../metrics/all.ts";

const named = (description: string, example: string): TSchema =>
  Type.Optional(Type.String({ description, examples: [example], maxLength: 1000 }));

/** The query of `/stats` for the OpenAPI document; `parseStatsQuery` understands the values. */
export const statsQueryProperties: Record<string, TSchema> = {
  name: named("Only names like this; `*` and `?` stand for any characters.", "shop-*"),
  label: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 50 })], {
      description: "Only containers with this label, as `key` or `key=value`; may be repeated.",
    }),
  ),
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

/** A number that may be missing. */
const Numbers: TSchema = Type.Record(Type.String(), Type.Number());

/** One container in an answer. */
const ContainerStatsSchema: TObject = Type.Object(
  {
    node: Type.Optional(Type.String()),
    id: Type.String({ description: "Absolute cgroup path." }),
    container_id: Type.Optional(Type.String()),
    name: Type.String(),
    image: Type.Optional(Type.String()),
    runtime: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    created_at: Type.Optional(Type.String({ format: "date-time" })),
    started_at: Type.Optional(Type.String({ format: "date-time" })),
    labels: Type.Record(Type.String(), Type.String()),
    groups: Type.Record(Type.String(), Type.String()),
    limits: Type.Object({
      cpu_cores: Type.Union([Type.Number(), Type.Null()]),
      memory_bytes: Type.Union([Type.Number(), Type.Null()]),
      pids: Type.Union([Type.Number(), Type.Null()]),
    }),
    latest: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()]), {
      description: "The newest value of each statistic; what can't be measured has no key.",
    }),
    window: Type.Record(Type.String(), Numbers, {
      description: "Each statistic summed up over the window.",
    }),
    series: Type.Optional(
      Type.Object({
        step_seconds: Type.Number(),
        times: Type.Array(Type.Number(), {
          description: "Unix seconds, the beginning of each step.",
        }),
        values: Type.Record(
          Type.String(),
          Type.Record(Type.String(), Type.Array(Type.Union([Type.Number(), Type.Null()]))),
        ),
      }),
    ),
  },
  { $id: "ContainerStats", description: "One container: who it is and what it uses." },
);

/** The answer of `/stats`. */
export const StatsAnswerSchema: TObject = Type.Object({
  node: Type.String({ description: "The node, or the cluster's name." }),
  time: Type.String({ format: "date-time" }),
  interval_seconds: Type.Number(),
  window_seconds: Type.Number(),
  containers: Type.Array(ContainerStatsSchema),
});

/** Every error of every route. */
export const ErrorSchema: TObject = Type.Object({
  statusCode: Type.Integer(),
  error: Type.String(),
  message: Type.String(),
});

/** The answer of `/stats`, typed. */
export type StatsAnswer = Static<typeof StatsAnswerSchema>;
