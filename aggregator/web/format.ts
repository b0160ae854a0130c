import type { Stat } from "../../wire/metrics/metric.ts";

/** What stands where nothing was measured. */
export const ABSENT = "–";

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const DECIMAL = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"] as const;

/** Three digits say enough: 1.2, 61.2, 512. */
function threeDigits(value: number): string {
  return value.toFixed(value < 99.95 ? 1 : 0);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let rest = value;
  let power = 0;
  // The rounded number decides, so that no "1024 KiB" stands beside a "1.0 MiB".
  while (power < units.length - 1 && Math.round(rest) >= base) {
    rest /= base;
    power += 1;
  }
  return `${power === 0 ? Math.round(rest).toString() : threeDigits(rest)} ${units[power] ?? ""}`;
}

/** Bytes in binary units: `61.2 MiB`. */
export function bytes(value: number): string {
  return scaled(value, 1024, BINARY);
}

/** Bytes a second in decimal units, as links and disks are sold: `1.2 MB/s`. */
export function bytesPerSecond(value: number): string {
  return scaled(value, 1000, DECIMAL);
}

/** CPU cores without the unit: `0.50`. */
export function cores(value: number): string {
  if (value > 0 && value < 0.005) return "<0.01";
  return value.toFixed(value < 9.995 ? 2 : 1);
}

/** A whole number with its thousands set apart: `12,345`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A part of one as percent: `48 %`. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(value > 0 && value < 0.0995 ? 1 : 0)} %`;
}

const formats: Readonly<Record<Stat["unit"], (value: number) => string>> = {
  cores,
  bytes,
  "bytes per second": bytesPerSecond,
  "per second": (value) => `${threeDigits(value)}/s`,
  ratio: percent,
  count,
};

/** A value as people read it; the dash where it is absent. Cores come without their unit. */
export function quantity(value: number | undefined, unit: Stat["unit"]): string {
  return value === undefined || Number.isNaN(value) ? ABSENT : formats[unit](value);
}

/** A value beside an axis: no more digits than it needs. */
export function axisText(value: number, unit: Stat["unit"]): string {
  if (unit === "cores") return String(Number(value.toPrecision(3)));
  return value === 0 ? "0" : quantity(value, unit).replace(".0 ", " ");
}

/** As `quantity`, but every number with its unit, to stand in a sentence. */
export function spelled(value: number | undefined, unit: Stat["unit"]): string {
  const text = quantity(value, unit);
  return unit === "cores" && text !== ABSENT ? `${text} cores` : text;
}

// The page speaks English whatever the reader's language is; the zone is the reader's.
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const shortClock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });

/** Time of day in the reader's zone, from Unix milliseconds: `12:03:04`. */
export function timeOfDay(milliseconds: number): string {
  return clock.format(milliseconds);
}

/** The same without the seconds: `12:03`. */
export function hourAndMinute(milliseconds: number): string {
  return shortClock.format(milliseconds);
}

const SPANS = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
] as const;

/** A span of seconds in its two largest units: `2 d 3 h`. */
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [unit, length] of SPANS) {
    const whole = Math.floor(rest / length);
    if (whole === 0 && parts.length === 0 && unit !== "s") continue;
    rest -= whole * length;
    parts.push(`${whole} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.filter((part, index) => index === 0 || !part.startsWith("0 ")).join(" ");
}
