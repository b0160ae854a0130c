import { type JsonSchema, query as querySchema, text } from "../../wire/json-schema.ts";
import { type Level, LEVELS } from "../../wire/levels.ts";
import {
  parseStatsQuery,
  QueryError,
  type RawStatsQuery,
  type StatsQuery,
} from "../../wire/stats/query.ts";
import { statsQueryProperties } from "../../wire/stats/schema.ts";
import type { Range } from "../history/history.ts";
import { parseRange, type RawRange } from "./range.ts";

/** The parameters of `/stats` as they stand in the URL. */
export interface RawClusterQuery extends RawStatsQuery, RawRange {
  readonly node?: string;
  readonly level?: string;
}

/** A query of `/stats`, understood; without a range it is about now. */
export interface ClusterQuery {
  readonly query: StatsQuery;
  readonly node: string | undefined;
  readonly range: Range | undefined;
  /** Undefined: each container for itself. */
  readonly level: Level | undefined;
}

const CONTAINER = "container";

/** The parameters of `/stats` for the OpenAPI document. */
export const clusterQuerySchema: JsonSchema = querySchema({
  ...statsQueryProperties,
  node: text("Only containers of this node."),
  level: text(
    `What a line stands for: ${[CONTAINER, ...LEVELS].join(", ")}. Above containers they are added up; \`name\` then is the line's, all other filters choose containers.`,
    { examples: ["service"], maxLength: 100 },
  ),
  start: text("Ask the history from this time on: RFC 3339, Unix seconds, `-1h` or `now`.", {
    examples: ["-1h"],
  }),
  end: text("Ask the history up to this time; now if left out."),
});

/** Understands the parameters; throws a QueryError that names the bad one. */
export function parseClusterQuery(raw: RawClusterQuery, now: number): ClusterQuery {
  const { node, level, start, end, ...rest } = raw;
  const range = parseRange(
    { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) },
    now,
  );
  return { query: parseStatsQuery(rest), node, range, level: parseLevel(level) };
}

function parseLevel(word: string | undefined): Level | undefined {
  if (word === undefined || word === CONTAINER) return undefined;
  const level = LEVELS.find((known) => known === word);
  if (level !== undefined) return level;
  throw new QueryError("level", `"${word}" is not one of ${[CONTAINER, ...LEVELS].join(", ")}`);
}
