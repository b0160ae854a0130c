import { ConfigError } from "../lib/errors.ts";
import { parseEventQuery } from "../wire/events/query.ts";
import { QueryError } from "../wire/stats/query.ts";
import { parseTime } from "../wire/stats/time.ts";
import type { QuestionConfig } from "./events-options.ts";

/** What is asked for. Times are Unix milliseconds. */
export interface EventQuestion {
  readonly since: number | undefined;
  readonly until: number | undefined;
  /** The parameters of `/events` besides the times. */
  readonly filters: URLSearchParams;
}

/** The parameter of `/events` for each key of a filter; the second ones are Docker's words. */
const KEYS: Readonly<Record<string, string>> = {
  type: "type",
  event: "type",
  container: "container",
  name: "name",
  image: "image",
  label: "label",
  runtime: "runtime",
  group: "group",
  node: "node",
};

/** Parameters that may be given several times. */
const REPEATED: readonly string[] = ["type", "container", "image", "label"];

/** Understands what was asked for; throws a ConfigError for what can't be. */
export function parseQuestion(config: QuestionConfig, now: number): EventQuestion {
  const since = timeOf("since", config.since, now);
  const until = timeOf("until", config.until, now);
  if (since !== undefined && until !== undefined && since > until) {
    throw new ConfigError("since", config.since, "must be before until");
  }
  const filters = new URLSearchParams();
  for (const filter of config.filter) addFilter(filters, filter);
  return { since, until, filters };
}

function addFilter(filters: URLSearchParams, filter: string): void {
  const at = filter.indexOf("=");
  const key = KEYS[filter.slice(0, Math.max(at, 0))];
  const value = filter.slice(at + 1);
  if (key === undefined) {
    const remedy = `must be KEY=VALUE with one of the keys ${Object.keys(KEYS).join(", ")}`;
    throw new ConfigError("filter", filter, remedy);
  }
  if (!REPEATED.includes(key) && filters.has(key)) {
    throw new ConfigError("filter", filter, `there can be only one filter of the key ${key}`);
  }
  try {
    parseEventQuery({ [key]: value }, 0);
  } catch (error) {
    if (error instanceof QueryError) throw new ConfigError("filter", filter, error.message);
    throw error;
  }
  filters.append(key, value);
}

/** A stretch of time before now, as Go writes it: `1h30m`. */
const AGO = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/** Docker's forms of a time: RFC 3339, also without its end; Unix seconds; or how long ago. */
function timeOf(name: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  try {
    if (AGO.test(text)) {
      const parts = text.match(/[\d.]+(?:ms|s|m|h|d)/g) ?? [];
      return parts.reduce((time, part) => parseTime(name, `-${part}`, time), now);
    }
    // Without a zone it is the time of this machine, as a reader of its clock means it.
    if (/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/.test(text)) {
      const time = Date.parse(text.includes("T") ? text : `${text}T00:00`);
      if (!Number.isNaN(time)) return time;
    }
    return parseTime(name, text, now);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const remedy = "must be a time such as 2026-11-21T04:00:00Z, 1795233600 or 10m";
    throw new ConfigError(name, text, remedy);
  }
}
