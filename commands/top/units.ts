/** What stands where a number is not known. */
const UNKNOWN = "-";

const STEPS = ["", "K", "M", "G", "T", "P"] as const;

/** Bytes in powers of 1024, three digits: `0`, `512`, `1.5K`, `23.4M`, `512G`. */
export function bytesText(bytes: number | null | undefined): string {
  if (bytes === undefined || bytes === null || !Number.isFinite(bytes)) return UNKNOWN;
  let value = bytes;
  let step = 0;
  // Rounded it must not read 1000 or more, which has a digit too many.
  while (value >= 999.5 && step < STEPS.length - 1) {
    value /= 1024;
    step++;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)}${STEPS[step] ?? ""}`;
}

/** Cores: `0.00`, `1.25`, `12.5`, `128`. */
export function coresText(cores: number | null | undefined): string {
  if (cores === undefined || cores === null || !Number.isFinite(cores)) return UNKNOWN;
  if (cores < 9.995) return cores.toFixed(2);
  return cores < 99.95 ? cores.toFixed(1) : cores.toFixed(0);
}

/** A part of one as a percentage: `0%`, `7%`, `100%`, `0.4%` where it is little. */
export function percentText(ratio: number | undefined): string {
  if (ratio === undefined || !Number.isFinite(ratio)) return UNKNOWN;
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.95) return `${Math.max(0.1, percent).toFixed(1)}%`;
  return `${percent.toFixed(0)}%`;
}

/** A count. */
export function countText(count: number | null | undefined): string {
  return count === undefined || count === null ? UNKNOWN : String(count);
}

/** How long ago, in the two largest units that matter: `12s`, `3m 4s`, `2h 10m`, `5d 3h`. */
export function ageText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}
