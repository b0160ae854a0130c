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
import { LEVELS } from "../levels.ts";
import { seriesSchema } from "./schema.ts";

const row = object(
  {
    level: text(undefined, { enum: LEVELS }),
    name: text("`namespace/pod`, `project/service`, a node, …"),
    node: text("The node, if all of it runs on one."),
    nodes: number("How many nodes it runs on."),
    containers: number("How many containers run."),
    groups: record(text(), { description: "Those that all of its containers share." }),
    labels: record(text(), { description: "Those that all of its containers share." }),
    limits: object(
      {
        cpu_cores: orNull(number()),
        memory_bytes: orNull(number()),
        pids: orNull(number()),
      },
      [],
      { description: "The containers' limits added up; null if one of them has none." },
    ),
    capacity: object({ cpu_cores: number(), memory_bytes: number() }, [], {
      description: "What the machines have; of nodes and the cluster.",
    }),
    utilization: object(
      { cpu_ratio: number(), memory_ratio: number() },
      ["cpu_ratio", "memory_ratio"],
      {
        description:
          "CPU and working set as parts of the capacity; of nodes and the cluster, without filters.",
      },
    ),
    outside_containers: record(number(), {
      description:
        "What the machines use outside of containers, at the time of the latest values; of nodes and the cluster, without filters.",
    }),
    latest: record(
      { anyOf: [{ type: "number" }, { type: "string" }] },
      {
        description:
          "The values of the newest second that all nodes have told of, and when it begins.",
      },
    ),
    window: record(record(number()), {
      description: "The sums of each second, summed up over the window.",
    }),
    series: seriesSchema,
  },
  ["node", "capacity", "utilization", "outside_containers", "series"],
  { description: "One row of a level: its containers added up." },
);

/** The answer of `/stats` with a level above containers. */
const LevelAnswerSchema: JsonSchema = object({
  node: text("The cluster's name."),
  time,
  interval_seconds: number(),
  window_seconds: number("What the window covers; less than a minute where nodes lag."),
  level: text(undefined, { enum: LEVELS }),
  resolution_seconds: number("Seconds that are added up at a time."),
  rows: list(row),
});

/** An answer of `/stats` at a level, beside the one of containers. */
export function withLevels(containers: Properties): Properties {
  const { "application/json": json = {}, ...rest } = containers;
  return { "application/json": { anyOf: [json, LevelAnswerSchema] }, ...rest };
}
