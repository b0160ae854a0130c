/**
 * Quantities in Kubernetes's canonical form: the greatest unit that leaves a whole number.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */

const NANO = 1e9;
const DECIMAL_UNITS = ["n", "u", "m", ""];
const BINARY_UNITS = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** CPU cores, to a billionth of one: `250m`, `123456789n`, `2`. */
export function cpuQuantity(cores: number): string {
  return inUnits(Math.max(0, Math.round(cores * NANO)), 1000, DECIMAL_UNITS);
}

/** Bytes: `1234Ki`, `2Gi`, `1000`. */
export function memoryQuantity(bytes: number): string {
  return inUnits(Math.max(0, Math.round(bytes)), 1024, BINARY_UNITS);
}

/** Milliseconds as Go writes a duration: `15.002s`, `1m0s`. */
export function goDuration(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  if (whole === 0) return "0s";
  if (whole < 1000) return `${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor((whole % 3_600_000) / 60_000);
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** Time as Kubernetes writes it: RFC 3339 without fractions. */
export function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

function inUnits(amount: number, step: number, units: readonly string[]): string {
  if (amount === 0) return "0";
  let [left, unit] = [amount, 0];
  while (unit < units.length - 1 && left % step === 0) {
    left /= step;
    unit++;
  }
  return `${left}${units[unit] ?? ""}`;
}
