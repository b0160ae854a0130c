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
  health: Type.Optional(
    Type.Union([Type.Literal("healthy"), Type.Literal("starting"), Type.Literal("unhealthy")]),
  ),
  restarts: Type.Optional(Type.Number()),
  network_mode: OptionalText,
  env: Type.Optional(Texts),
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

/** Unix milliseconds; a time outside of them is no clock's, and no database could take it. */
const EARLIEST = Date.UTC(2000);
const LATEST = Date.UTC(2200);

const isTime = (milliseconds: number): boolean =>
  milliseconds >= EARLIEST && milliseconds <= LATEST;

const isLength = (micros: number | null): boolean =>
  micros === null || (micros >= 0 && micros / 1000 <= LATEST);

/** Whether every sum of the differences so far fits. */
function everySum(differences: readonly number[], fits: (sum: number) => boolean): boolean {
  let sum = 0;
  return differences.every((difference) => fits((sum += difference)));
}

/** What a line's numbers have wrong, if anything. */
function faultOf({
  ticks,
  times,
  intervals,
  values,
  gone,
}: Static<typeof Line>): string | undefined {
  const lists = [times, intervals, ...values];
  if (!lists.every((list) => list === null || list.length === ticks.length)) {
    return "its lists are not of one length";
  }
  if (!everySum(ticks, Number.isSafeInteger)) return "its ticks are not whole numbers";
  if (!everySum(times, (micros) => isTime(micros / 1000)) || !isTime(gone ?? EARLIEST)) {
    return "its times are not of the years 2000 to 2199; set the node's clock";
  }
  return intervals.every(isLength) ? undefined : "its intervals are not lengths of time";
}

/** A parsed line that must be a container's, its lists of one length and its times possible ones. */
export function checkLine(value: unknown): FeedContainer {
  const line = checkShape(value);
  const fault = faultOf(line);
  if (fault === undefined) return line;
  throw new ScrapeError("not_a_feed", `${line.id}: ${fault}`);
}
