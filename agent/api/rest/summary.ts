import type { Usage } from "../../summary/history.ts";
import type { Percentiles } from "../../summary/percentiles.ts";
import type { Summary } from "../../summary/summaries.ts";
import type { GoObject } from "./go-json.ts";
import { goTime } from "./go-time.ts";
import { whole } from "./sample.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

function encodePercentiles(percentiles: Percentiles): GoObject {
  const { count } = percentiles;
  return {
    present: count > 0,
    mean: whole(percentiles.mean),
    std: whole(percentiles.std),
    max: whole(percentiles.max),
    fifty: whole(percentiles.fifty),
    ninety: whole(percentiles.ninety),
    ninetyfive: whole(percentiles.ninetyfive),
    count,
  };
}

function encodeUsage({ seconds, cpu, memory }: Usage, length: number): GoObject {
  return {
    // Samples are never quite on time: 59.9 s are a whole minute.
    percent_complete: Math.min(100, Math.round((seconds / length) * 100)),
    cpu: encodePercentiles(cpu),
    memory: encodePercentiles(memory),
  };
}

/** cAdvisor's DerivedStats: CPU in millicores, memory in bytes of working set. */
export function derivedStatsOf(summary: Summary): GoObject {
  return {
    timestamp: goTime(summary.time),
    latest_usage: { cpu: whole(summary.millicores), memory: whole(summary.workingSet) },
    minute_usage: encodeUsage(summary.minute, MINUTE),
    hour_usage: encodeUsage(summary.hour, HOUR),
    day_usage: encodeUsage(summary.day, DAY),
  };
}
