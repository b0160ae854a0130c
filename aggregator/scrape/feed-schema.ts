import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";

import { FEED_VERSION, type FeedContainer, type FeedHead } from "../../wire/feed.ts";
import { ScrapeError } from "./failure.ts";

const OptionalText = Type.Optional(Type.String());
const Limit = Type.Union([Type.Number(), Type.Null()]);
const Texts = Type.Record(Type.String(), Type.String());
const Numbers = Type.Array(Type.Number());
const Gappy = Type.Array(Type.Union([Type.Number(), Type.Null()]));

const Head = Type.Object({
  feed: Type.Literal(FEED_VERSION),
  node: Type.String({ minLength: 1, maxLength: 1000 }),
  machine: Type.Object({ cpu_cores: Type.Number(), memory_bytes: Type.Number() }),
  cursor: Type.String({ maxLength: 1000 }),
  oldest: Type.String(),
  interval_seconds: Type.Number({ exclusiveMinimum: 0 }),
  columns: Type.Array(Type.String(), { maxItems: 1000 }),
});

const Identity = Type.Object({
  id: Type.String(),
  container_id: OptionalText,
  name: Type.String(),
  image: OptionalText,
  runtime: OptionalText,
  state: OptionalText,
  created_at: OptionalText,
  started_at: OptionalText,
  labels: Texts,
  groups: Texts,
  limits: Type.Object({ cpu_cores: Limit, memory_bytes: Limit, pids: Limit }),
});

const Line = Type.Object({
  id: Type.String({ minLength: 1 }),
  container: Type.Optional(Identity),
  gone: Type.Optional(Type.Number()),
  ticks: Numbers,
  times: Numbers,
  intervals: Gappy,
  values: Type.Array(Type.Union([Gappy, Type.Null()])),
});

function checker<S extends TSchema>(schema: S): (value: unknown) => Static<S> {
  const compiled = TypeCompiler.Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return value;
    const error = compiled.Errors(value).First();
    throw new ScrapeError("not_a_feed", `${error?.path ?? ""}: ${error?.message ?? "is wrong"}`);
  };
}

/** A parsed line that must be a feed's head; throws a ScrapeError that says what is wrong. */
export const checkHead: (value: unknown) => FeedHead = checker(Head);

const checkShape = checker(Line);

/** A parsed line that must be a container's, its lists all of one length. */
export function checkLine(value: unknown): FeedContainer {
  const line = checkShape(value);
  const { length } = line.ticks;
  const lists = [line.times, line.intervals, ...line.values];
  if (lists.every((list) => list === null || list.length === length)) return line;
  throw new ScrapeError("not_a_feed", `${line.id}: its lists are not of one length`);
}
