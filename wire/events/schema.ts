import {
  answer,
  type JsonSchema,
  list,
  number,
  object,
  query,
  record,
  text,
  time,
} from "../json-schema.ts";
import { ErrorSchema } from "../stats/schema.ts";
import { EVENT_TYPES } from "./event.ts";

const word = (description: string): JsonSchema => text(description, { maxLength: 1000 });

const words = (description: string): JsonSchema => ({
  anyOf: [
    { type: "string", maxLength: 1000 },
    { type: "array", items: { type: "string", maxLength: 1000 }, maxItems: 50 },
  ],
  description,
});

/** The query of `/events` for the OpenAPI document; `parseEventQuery` understands the values. */
const eventQueryProperties: Readonly<Record<string, JsonSchema>> = {
  type: words(
    `Only these types, several with commas between or repeated: ${EVENT_TYPES.join(", ")}.`,
  ),
  container: words("Only of this container: name, id, beginning of an id, or cgroup path."),
  name: word("Only of containers whose names are like this; `*` and `?` stand for any characters."),
  image: words("Only of containers of this image, with or without its tag."),
  label: words("Only of containers with this label, as `key` or `key=value`."),
  runtime: word("Only of containers of this engine."),
  group: word("Only of members of this group, as `kind:name`."),
  node: word("Only of this node."),
  since: word(
    "Not before this time: RFC 3339, Unix seconds, `-1h` or `now`. `start` means the same.",
  ),
  until: word("Not after this time. `end` means the same."),
  start: word("As `since`."),
  end: word("As `until`."),
  after: word("Only what came after the event of this id."),
  limit: word("The newest so many; 1000 if left out."),
  moments: word("`true`: with the minute before, for containers that died or ran out of memory."),
};

const subject = object(
  {
    id: text("Absolute cgroup path."),
    container_id: text(),
    name: text(),
    image: text(),
    runtime: text(),
    labels: record(text()),
    groups: record(text()),
  },
  ["id", "container_id", "image", "runtime"],
  { description: "Whom it is about; absent if it is the node as a whole." },
);

const moments = object(
  {
    times: list(number(), { description: "Unix seconds." }),
    values: record(list({ anyOf: [{ type: "number" }, { type: "null" }] })),
  },
  [],
  { description: "The last samples before it." },
);

/** One event in an answer. */
const eventSchema: JsonSchema = object(
  {
    id: text("Sorts as events were put down."),
    source_id: text("Its id at the agent that has told it; only where an aggregator answers."),
    time,
    node: text(),
    type: text(undefined, { enum: EVENT_TYPES }),
    container: subject,
    details: {
      type: "object",
      additionalProperties: true,
      description: "What else is known, by type.",
    },
    moments,
  },
  ["source_id", "container", "moments"],
);

const eventsSchema: JsonSchema = object(
  {
    node: text(),
    cluster: text(),
    time,
    newest: text("What to ask for next, by `after` or `Last-Event-ID`."),
    events: list(eventSchema),
  },
  ["node", "cluster"],
);

/** The route `/events` in the OpenAPI document. */
export function eventsRouteSchema(summary: string): JsonSchema {
  return {
    summary,
    tags: ["events"],
    querystring: query({
      ...eventQueryProperties,
      stream: {
        enum: ["0", "1"],
        description: "`1` follows, as `Accept: text/event-stream` does.",
      },
    }),
    response: {
      200: answer(
        "The events, the oldest first; or each as it happens, resumed by `Last-Event-ID`.",
        {
          "application/json": eventsSchema,
          "text/event-stream": text(
            "Server-sent events; `event: gap` where some can't be told any more.",
          ),
        },
      ),
      "4xx": ErrorSchema,
    },
  };
}
