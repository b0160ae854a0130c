import type { Row } from "./row.ts";

/** CPU use as a part of the limit; undefined without a limit. */
export function cpuRatio({ values, limits }: Row): number | undefined {
  const limit = limits.cpu_cores;
  return values.cpu_cores === undefined || limit === null || limit <= 0
    ? undefined
    : values.cpu_cores / limit;
}

/** The working set as a part of the limit; undefined without a limit. */
export function memoryRatio({ values, limits }: Row): number | undefined {
  const limit = limits.memory_bytes;
  const used = values.memory_working_set_bytes;
  return used === undefined || limit === null || limit <= 0 ? undefined : used / limit;
}

/** The part of the time in which some tasks waited, for whatever they waited most. */
export function pressure({ values }: Row): number | undefined {
  const known = [
    values.pressure_cpu_some_ratio,
    values.pressure_memory_some_ratio,
    values.pressure_io_some_ratio,
  ].filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** What is wrong with a container, in a word that fits into a table. */
export interface Badge {
  readonly word: "OOM" | "RESTARTING" | "UNHEALTHY" | "THROTTLED" | "PRESSURED";
  readonly style: "bad" | "warn";
}

/** So long it is shown that one was killed, or started again. */
const RECENT_MS = 10 * 60_000;
const MUCH_THROTTLED = 0.1;
const MUCH_PRESSURE = 0.2;

/** What is wrong with a container, the worst first. `now` is the time of the newest pass. */
export function badgesOf(row: Row, now: number): Badge[] {
  const isRecent = (time: number | undefined): boolean =>
    time !== undefined && now - time <= RECENT_MS;
  const badges: Badge[] = [];
  if (isRecent(row.killedAt)) badges.push({ word: "OOM", style: "bad" });
  if (row.state === "restarting" || isRecent(row.restartedAt)) {
    badges.push({ word: "RESTARTING", style: "bad" });
  }
  if (row.health === "unhealthy") badges.push({ word: "UNHEALTHY", style: "bad" });
  if ((row.values.cpu_throttled_ratio ?? 0) >= MUCH_THROTTLED) {
    badges.push({ word: "THROTTLED", style: "warn" });
  }
  if ((pressure(row) ?? 0) >= MUCH_PRESSURE) badges.push({ word: "PRESSURED", style: "warn" });
  return badges;
}

/** How near to its limit something is, as a style. */
export function fillStyle(ratio: number | undefined): "bad" | "warn" | "good" {
  if (ratio === undefined || ratio < 0.75) return "good";
  return ratio < 0.9 ? "warn" : "bad";
}
