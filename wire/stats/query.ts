import { globPattern, MOST_STARS, starsOf } from "../../lib/glob.ts";
import { nearest } from "../../lib/nearest.ts";
import { allStats } from "../metrics/all.ts";
import type { Stat } from "../metrics/metric.ts";
import { SUMMARIES, type Summary } from "./summary.ts";

/** A query parameter that can't be understood: HTTP 400. */
export class QueryError extends Error {
  readonly statusCode = 400;
  readonly parameter: string;

  constructor(parameter: string, problem: string) {
    super(`${parameter}: ${problem}`);
    this.name = "QueryError";
    this.parameter = parameter;
  }
}

/** The formats of an answer. */
export const FORMATS = ["json", "csv", "ndjson"] as const;

/** A query of `/stats`, understood. */
export interface StatsQuery {
  readonly name?: RegExp;
  readonly labels: readonly (readonly [key: string, value: string | undefined])[];
  readonly runtime?: string;
  readonly group?: readonly [kind: string, name: string];
  readonly stats: readonly Stat[];
  /** Milliseconds; undefined = all that is kept. */
  readonly window?: number;
  /** Milliseconds; undefined = no series asked for. */
  readonly step?: number;
  readonly summaries: readonly Summary[];
  readonly sort?: { readonly stat: Stat | "name"; readonly descending: boolean };
  readonly limit?: number;
  readonly format: (typeof FORMATS)[number];
}

/** The parameters of `/stats` as they stand in the URL. */
export interface RawStatsQuery {
  readonly name?: string;
  readonly label?: string | readonly string[];
  readonly runtime?: string;
  readonly group?: string;
  readonly metrics?: string;
  readonly window?: string;
  readonly step?: string;
  readonly stat?: string;
  readonly sort?: string;
  readonly limit?: string;
  readonly format?: string;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };

/** Ten thousand years. */
const LONGEST = 3.156e14;

/** Whole milliseconds of a duration such as `500ms`, `30s`, `5m`, `1h`, `2d`. */
export function parseDuration(parameter: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const milliseconds = Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? Number.NaN);
  if (milliseconds >= 1 && milliseconds <= LONGEST) return Math.round(milliseconds);
  const problem = milliseconds < 1 ? "is shorter than a millisecond" : "is not a duration";
  throw new QueryError(parameter, `"${text}" ${problem}; write for example 30s or 5m`);
}

/** No container has an empty name or engine, so that nothing would be found without a word why. */
function refuseEmpty(parameter: string, text: string): string {
  if (text !== "") return text;
  throw new QueryError(parameter, "is empty; leave it out to ask for all");
}

/** A glob (`*` and `?`) as a regular expression over the whole name. */
function parseGlob(glob: string): RegExp {
  refuseEmpty("name", glob);
  if (starsOf(glob) > MOST_STARS) {
    throw new QueryError("name", `"${glob}" has more than ${MOST_STARS} stars`);
  }
  return globPattern(glob);
}

function parseLabel(text: string): readonly [string, string | undefined] {
  const at = text.indexOf("=");
  if (at === 0 || text === "") throw new QueryError("label", `"${text}" is not key=value or key`);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function parseGroup(text: string): readonly [string, string] {
  const at = text.indexOf(":");
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new QueryError("group", `"${text}" is not kind:name; write for example service:web`);
}

function findStat(parameter: string, name: string): Stat {
  const stat = allStats.find((candidate) => candidate.name === name);
  if (stat !== undefined) return stat;
  throw notOneOf(
    parameter,
    name,
    allStats.map((candidate) => candidate.name),
  );
}

function notOneOf(parameter: string, word: string, known: readonly string[]): QueryError {
  const near = nearest(word, known);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return new QueryError(parameter, `"${word}" is not one of ${known.join(", ")}${hint}`);
}

function parseSummary(name: string): Summary {
  const summary = SUMMARIES.find((candidate) => candidate === name);
  if (summary !== undefined) return summary;
  throw notOneOf("stat", name, SUMMARIES);
}

function parseSort(text: string): NonNullable<StatsQuery["sort"]> {
  const descending = text.startsWith("-");
  const name = descending ? text.slice(1) : text;
  return { stat: name === "name" ? name : findStat("sort", name), descending };
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new QueryError("limit", `"${text}" is not a whole number from 1 to 999999999`);
}

function parseFormat(text: string): StatsQuery["format"] {
  const format = FORMATS.find((candidate) => candidate === text);
  if (format !== undefined) return format;
  throw notOneOf("format", text, FORMATS);
}

/** Each once, however often it was named. */
function listOf(text: string): string[] {
  return [...new Set(text.split(",").map((item) => item.trim()))];
}

/** Understands the parameters of `/stats`; throws a QueryError that names the bad one. */
export function parseStatsQuery(raw: RawStatsQuery): StatsQuery {
  const labels = typeof raw.label === "string" ? [raw.label] : (raw.label ?? []);
  return {
    ...(raw.name === undefined ? {} : { name: parseGlob(raw.name) }),
    labels: labels.map(parseLabel),
    ...(raw.runtime === undefined ? {} : { runtime: refuseEmpty("runtime", raw.runtime) }),
    ...(raw.group === undefined ? {} : { group: parseGroup(raw.group) }),
    stats:
      raw.metrics === undefined
        ? allStats
        : listOf(raw.metrics).map((name) => findStat("metrics", name)),
    ...(raw.window === undefined ? {} : { window: parseDuration("window", raw.window) }),
    ...(raw.step === undefined ? {} : { step: parseDuration("step", raw.step) }),
    summaries: raw.stat === undefined ? SUMMARIES : listOf(raw.stat).map(parseSummary),
    ...(raw.sort === undefined ? {} : { sort: parseSort(raw.sort) }),
    ...(raw.limit === undefined ? {} : { limit: parseLimit(raw.limit) }),
    format: parseFormat(raw.format ?? "json"),
  };
}

const seconds = (milliseconds: number): string => `${milliseconds / 1000}s`;

/** What an answer about now can be about. */
export interface Spans {
  /** Milliseconds that are kept. */
  readonly kept: number;
  /** Milliseconds from one sample to the next. */
  readonly interval: number;
}

/** Throws a QueryError if a query about now asks for more than is kept, or for less than a sample. */
export function checkSpans({ window, step }: StatsQuery, { kept, interval }: Spans): void {
  if (window !== undefined && window > kept) {
    throw new QueryError(
      "window",
      `${seconds(window)} is more than the ${seconds(kept)} kept here`,
    );
  }
  if (step !== undefined && step < interval) {
    throw new QueryError(
      "step",
      `${seconds(step)} is less than the ${seconds(interval)} of a sample`,
    );
  }
}
