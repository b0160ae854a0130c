import { formatDuration, parseDuration } from "../../../lib/config/duration.ts";
import { Unfit } from "../../../lib/config/option.ts";

/** Points further apart that are kept for longer. Seconds. */
export interface Coarser {
  readonly step: number;
  /** Undefined: for ever. */
  readonly retention: number | undefined;
}

const MINUTE = 60;
const DAY = 86_400;

/** The least that InfluxDB keeps anything for. */
export const SHORTEST_RETENTION = 3600;

/** Reads `1m:30d`, or `10m` for what is kept for ever. Throws Unfit. */
export function parseCoarser(word: string): Coarser {
  const [stepWord = "", retentionWord, ...more] = word.split(":");
  const step = parseDuration(stepWord);
  const retention = retentionWord === undefined ? undefined : parseDuration(retentionWord);
  const isFit =
    more.length === 0 &&
    step !== undefined &&
    step >= MINUTE &&
    step <= DAY &&
    (retentionWord === undefined || (retention ?? 0) >= SHORTEST_RETENTION);
  if (!isFit) {
    throw new Unfit(
      "must be STEP:RETENTION such as 1m:30d, a step of 1m to 1d kept for 1h or more",
    );
  }
  return { step, retention };
}

/** Its retention policy and its continuous query are both called so. */
export function coarserName({ step }: Coarser): string {
  return `plimsoll_${formatDuration(step)}`;
}

/** Seconds as InfluxQL writes them; for ever where there is none. */
export function durationText(seconds: number | undefined): string {
  return seconds === undefined ? "INF" : `${Math.ceil(seconds)}s`;
}

/** How much time one file of the server holds, as it chooses by itself. Seconds. */
export function shardDuration(retention: number | undefined): number {
  if (retention !== undefined && retention < 2 * DAY) return SHORTEST_RETENTION;
  return retention !== undefined && retention <= 180 * DAY ? DAY : 7 * DAY;
}

/** What was late by so many steps still counts. */
const LATE_STEPS = 10;

/**
 * The query that fills it, which runs in the server by itself. Events are texts and have no mean.
 * https://docs.influxdata.com/influxdb/v1/query_language/continuous_queries/
 */
export function coarserQuery(coarser: Coarser, database: string, from: string): string {
  const step = durationText(coarser.step);
  const into = `${quoted(database)}.${quoted(coarserName(coarser))}.:MEASUREMENT`;
  const measured = String.raw`/^(cpu|memory|network|filesystem|ephemeral_storage|disk)\//`;
  return (
    `CREATE CONTINUOUS QUERY ${quoted(coarserName(coarser))} ON ${quoted(database)} ` +
    `RESAMPLE EVERY ${step} FOR ${durationText(coarser.step * LATE_STEPS)} BEGIN ` +
    `SELECT mean("value") AS "value", max("max") AS "max", min("min") AS "min" INTO ${into} ` +
    `FROM ${quoted(database)}.${quoted(from)}.${measured} GROUP BY time(${step}), * END`
  );
}

/** A name as InfluxQL takes any. */
export function quoted(name: string): string {
  return `"${name.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;
}
