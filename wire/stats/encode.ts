import type { ContainerStats } from "./answer.ts";
import { encodeCsv } from "./csv.ts";
import type { StatsQuery } from "./query.ts";

/** What stands around the containers in the JSON form of an answer. */
export interface StatsHead {
  readonly node: string;
  /** RFC 3339. */
  readonly time: string;
  readonly interval_seconds: number;
  readonly window_seconds: number;
}

/** An answer as it goes out. */
export interface EncodedStats {
  readonly contentType: string;
  readonly body: string;
}

/** Writes an answer of `/stats` in the format that the query asks for. */
export function encodeStats(
  head: StatsHead,
  containers: readonly ContainerStats[],
  query: StatsQuery,
): EncodedStats {
  switch (query.format) {
    case "csv":
      return {
        contentType: "text/csv; charset=utf-8; header=present",
        body: encodeCsv(containers, query),
      };
    case "ndjson":
      return {
        contentType: "application/x-ndjson",
        body: containers.map((container) => `${JSON.stringify(container)}\n`).join(""),
      };
    case "json":
      // Not by a serializer: the schema is for the reader of the documentation.
      return { contentType: "application/json", body: JSON.stringify({ ...head, containers }) };
  }
}

/** The JSON form of an answer. */
export interface StatsAnswer extends StatsHead {
  readonly containers: readonly ContainerStats[];
}
