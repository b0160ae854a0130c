import type { ContainerStats } from "./answer.ts";
import { encodeCsv } from "./csv.ts";
import type { StatsQuery } from "./query.ts";

/** `Content-Type` of an answer in JSON. */
export const JSON_TYPE = "application/json; charset=utf-8";

/** `Content-Type` of lines of JSON. */
export const NDJSON_TYPE = "application/x-ndjson";

/** `Content-Type` of a table. https://www.rfc-editor.org/rfc/rfc4180#section-3 */
export const CSV_TYPE = "text/csv; charset=utf-8; header=present";

/** What stands around the containers in the JSON form of an answer. */
export interface StatsHead {
  readonly node: string;
  /** RFC 3339. */
  readonly time: string;
  readonly interval_seconds: number;
  readonly window_seconds: number;
  /** Of the past: what the points stand for that it is summed up from, at least. */
  readonly resolution_seconds?: number;
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
        contentType: CSV_TYPE,
        body: encodeCsv(containers, query),
      };
    case "ndjson":
      return {
        contentType: NDJSON_TYPE,
        body: containers.map((container) => `${JSON.stringify(container)}\n`).join(""),
      };
    case "json":
      // Not by a serializer: the schema is for the reader of the documentation.
      return { contentType: JSON_TYPE, body: JSON.stringify({ ...head, containers }) };
  }
}

/** The JSON form of an answer. */
export interface StatsAnswer extends StatsHead {
  readonly containers: readonly ContainerStats[];
}
