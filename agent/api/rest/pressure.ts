import { columnOf } from "../../../wire/metrics/all.ts";
import type { Metric } from "../../../wire/metrics/metric.ts";
import { pressureMetrics } from "../../../wire/metrics/pressure.ts";
import type { GoObject } from "./go-json.ts";
import { numberOf, rawOf, type Sample } from "./sample.ts";

/** Seconds over which the kernel averages; we do so over as many seconds of the window. */
const SPANS = { avg10: 10, avg60: 60, avg300: 300 } as const;

const MILLISECONDS = 1000;
const MICROSECONDS = 1e6;
const PERCENT = 100;

/** The part of the last seconds in which somebody waited, in percent; undefined where the window does not reach back so far. */
function averageOf(sample: Sample, metric: Metric, seconds: number): number | undefined {
  const { ring } = sample.tracked;
  const now = ring.timeAt(sample.position);
  // A sample is never quite on time.
  const from = ring.positionAt(now - (seconds + 0.5) * MILLISECONDS);
  const passed = (now - ring.timeAt(from)) / MILLISECONDS;
  if (passed < seconds - 0.5) return undefined;
  const growth = rawOf(sample, metric) - ring.valueAt(from, columnOf(metric));
  if (!(growth >= 0)) return undefined;
  return Number(((growth / MICROSECONDS / passed) * PERCENT).toFixed(2));
}

function dataOf(sample: Sample, metric: Metric): GoObject {
  const isMeasured = !Number.isNaN(rawOf(sample, metric));
  const average = (seconds: number): number | undefined =>
    isMeasured ? averageOf(sample, metric, seconds) : 0;
  return {
    total: numberOf(sample, metric),
    avg10: average(SPANS.avg10),
    avg60: average(SPANS.avg60),
    avg300: average(SPANS.avg300),
  };
}

/** Time lost waiting for a resource, in µs, and as a part of the last seconds. */
export function pressureOf(sample: Sample, resource: keyof typeof pressureMetrics): GoObject {
  const { some, full } = pressureMetrics[resource];
  return { full: dataOf(sample, full), some: dataOf(sample, some) };
}
