const MILLISECONDS = 1000;
const NANOSECONDS_IN_MILLISECOND = 1e6;
const FRACTION_DIGITS = 9;

/** What Go writes for a time that was never set. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** Unix milliseconds as RFC 3339 with as many digits as there are; NaN is Go's zero time. */
export function goTime(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return ZERO_TIME;
  const seconds = Math.floor(milliseconds / MILLISECONDS);
  // Rounded first: of a double near 1e12 there are no nanoseconds, only tenths of microseconds.
  const rest = Math.floor((milliseconds - seconds * MILLISECONDS) * NANOSECONDS_IN_MILLISECOND);
  const whole = new Date(seconds * MILLISECONDS)
    .toISOString()
    .slice(0, "2026-11-21T06:15:30".length);
  const fraction = String(rest).padStart(FRACTION_DIGITS, "0").replace(/0+$/, "");
  return `${whole}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/**
 * Unix milliseconds of an RFC 3339 time with its date, time and zone; undefined if it is none.
 * https://pkg.go.dev/time#RFC3339
 */
export function parseGoTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

const ONE = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gu;

/** A duration in seconds; undefined if it is none. https://pkg.go.dev/time#ParseDuration */
export function parseGoDuration(text: string): number | undefined {
  const [, sign = "", rest = ""] = /^([+-]?)(.*)$/su.exec(text) ?? [];
  if (rest === "0") return 0;
  if (rest === "" || rest.replaceAll(ONE, "") !== "") return undefined;
  let seconds = 0;
  for (const [, amount, unit = ""] of rest.matchAll(ONE)) {
    seconds += Number(amount) * (UNITS[unit] ?? Number.NaN);
  }
  return sign === "-" ? -seconds : seconds;
}
