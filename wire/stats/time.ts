import { parseDuration, QueryError } from "./query.ts";

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Whether the calendar has the day at the beginning of a time; `Date.parse` takes February 30th for March 2nd. */
function hasDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The year 9999, in seconds. */
const LATEST = 253_402_300_799;

/**
 * Unix milliseconds of a time as it stands in a URL: RFC 3339, Unix seconds, `-1h` or `now`. Throws a
 * QueryError that names the parameter.
 */
export function parseTime(parameter: string, text: string, now: number): number {
  if (text === "now") return now;
  if (text.startsWith("-")) return now - parseDuration(parameter, text.slice(1));
  if (/^\d+(?:\.\d+)?$/.test(text) && Number(text) <= LATEST) return Number(text) * 1000;
  // In a URL a plus that was not encoded reads as a blank.
  const time = RFC_3339.test(text) && hasDay(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new QueryError(
    parameter,
    `"${text}" is not a time; write for example 2026-11-21T04:00:00Z, 1795233600, -1h or now`,
  );
}
