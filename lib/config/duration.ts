const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

const oneUnit = "(\\d+(?:\\.\\d+)?)(ns|us|µs|ms|s|m|h|d|w|y)";
const whole = new RegExp(`^(?:${oneUnit})+$`, "u");
const each = new RegExp(oneUnit, "gu");

/**
 * A duration as Prometheus and Go write it (`30s`, `1h30m`, `1m0s`, `0`), in seconds; undefined if it
 * is none. https://prometheus.io/docs/prometheus/latest/configuration/configuration/ and
 * https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!whole.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(each)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ""] ?? Number.NaN);
  }
  // Sums of decimal fractions: 0.1 s + 0.2 s is 0.3 s to whoever wrote it.
  return Number(seconds.toPrecision(12));
}

/** Seconds as one writes them, `7d` or `1m30s`, largest unit first; what is below 1 ms is rounded. */
export function formatDuration(seconds: number): string {
  const parts: string[] = [];
  let restMs = Math.round(seconds * 1000);
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const unitMs = Math.round((unitSeconds[unit] ?? Number.NaN) * 1000);
    const count = Math.floor(restMs / unitMs);
    if (count > 0) parts.push(`${count}${unit}`);
    restMs -= count * unitMs;
  }
  return parts.length === 0 ? "0s" : parts.join("");
}
