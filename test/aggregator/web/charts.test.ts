import { expect, test } from "vitest";

import {
  CHARTS,
  type ChartPlan,
  isMeasured,
  plotData,
  topOf,
} from "../../../aggregator/web/charts.ts";
import { aSeries } from "./canned.ts";

const chart = (key: string): ChartPlan => CHARTS.find((plan) => plan.key === key)!;

test("each line is drawn as its averages, and its highest values where it has a band", () => {
  const series = {
    step_seconds: 5,
    times: [0, 5],
    values: {
      memory_working_set_bytes: { avg: [1, 2], max: [3, 4] },
      memory_usage_bytes: { avg: [5, null], max: [7, 8] },
    },
  };
  expect(plotData(chart("memory"), series)).toEqual([
    [0, 5],
    [1, 2],
    [3, 4],
    [5, null],
  ]);
});

test("all lines are as long as the times, measured or not", () => {
  const data = plotData(
    chart("network"),
    aSeries([0, 5], [1, 2], "network_receive_bytes_per_second"),
  );
  expect(data).toHaveLength(5);
  expect(data.every((list) => list.length === 2)).toBe(true);
});

test("a chart of which nothing was measured says so", () => {
  const series = aSeries([0], [1]);
  expect(isMeasured(chart("cpu"), series)).toBe(true);
  expect(isMeasured(chart("disk"), series)).toBe(false);
});

test("the scale holds every value and a limit that is near, but not one far above", () => {
  const series = aSeries([0, 5], [0.4, 0.6]);
  expect(topOf(chart("cpu"), series, undefined)).toBeGreaterThan(0.6);
  expect(topOf(chart("cpu"), series, 1)).toBeGreaterThan(1);
  expect(topOf(chart("cpu"), series, 64)).toBeLessThan(1);
});

test("the noise of an idle container does not fill the scale", () => {
  expect(topOf(chart("cpu"), aSeries([0], [0.0001]), undefined)).toBeGreaterThanOrEqual(0.05);
});
