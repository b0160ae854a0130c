import { expect, test } from "vitest";

import {
  highestOf,
  mergeSeries,
  newestOf,
  pointsOf,
  withGaps,
} from "../../../aggregator/web/series.ts";
import type { Series } from "../../../wire/stats/answer.ts";
import { aSeries } from "./canned.ts";

const averages = (series: Series): unknown => series.values["cpu_cores"]?.["avg"];

test("a newer series replaces where both overlap and goes on from there", () => {
  const merged = mergeSeries(aSeries([0, 5, 10], [1, 2, 3]), aSeries([10, 15], [30, 4]), 0);
  expect(merged.times).toEqual([0, 5, 10, 15]);
  expect(averages(merged)).toEqual([1, 2, 30, 4]);
});

test("samples that came late fill the gap that they left", () => {
  const merged = mergeSeries(
    aSeries([0, 5, 20], [1, 2, 5]),
    aSeries([5, 10, 15, 20], [2, 3, 4, 5]),
    0,
  );
  expect(merged.times).toEqual([0, 5, 10, 15, 20]);
  expect(averages(merged)).toEqual([1, 2, 3, 4, 5]);
});

test("what is older than the span is dropped, from both", () => {
  const merged = mergeSeries(aSeries([0, 5, 10], [1, 2, 3]), aSeries([10, 15], [3, 4]), 10);
  expect(merged.times).toEqual([10, 15]);
  expect(averages(merged)).toEqual([3, 4]);
  expect(mergeSeries(aSeries([0], [1]), aSeries([5], [2]), 100).times).toEqual([]);
});

test("an empty newer series changes nothing", () => {
  const old = aSeries([0, 5], [1, 2]);
  expect(mergeSeries(old, aSeries([], []), 0)).toEqual(old);
});

test("a statistic that only one part has is absent in the other", () => {
  const merged = mergeSeries(aSeries([0, 5], [1, 2]), aSeries([10], [9], "memory_usage_bytes"), 0);
  expect(averages(merged)).toEqual([1, 2, null]);
  expect(merged.values["memory_usage_bytes"]?.["max"]).toEqual([null, null, 9]);
});

test("a missing step becomes an absent one, so that no line is drawn over it", () => {
  const series = withGaps(aSeries([0, 5, 20], [1, 2, 3]), 1);
  expect(series.times).toEqual([0, 5, 10, 20]);
  expect(averages(series)).toEqual([1, 2, null, 3]);
  expect(series.values["cpu_cores"]?.["max"]).toEqual([1, 2, null, 3]);
});

test("samples that come more rarely than the steps are no gaps", () => {
  const series = aSeries([0, 15, 30], [1, 2, 3]);
  expect(withGaps(series, 15)).toBe(series);
});

test("what was not measured is absent at every time", () => {
  expect(pointsOf(aSeries([0, 5], [1, 2]), "threads", "avg")).toEqual([null, null]);
});

test("the newest and the highest value pass over absent ones", () => {
  expect(newestOf([1, 2, null])).toBe(2);
  expect(newestOf([null])).toBeUndefined();
  expect(newestOf([3, 0])).toBe(0);
  expect(highestOf([1, null, 3, 2])).toBe(3);
});
