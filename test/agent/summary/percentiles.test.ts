import fc from "fast-check";
import { expect, it } from "vitest";

import { percentile, percentilesOf } from "../../../agent/summary/percentiles.ts";

it("takes the value at part · (n + 1), between two neighbours if need be", () => {
  const tens = Float64Array.of(10, 20, 30, 40, 50, 60, 70, 80, 90);
  expect(percentile(tens, 0.5)).toBe(50);
  expect(percentile(tens, 0.9)).toBe(90);
  expect(percentile(tens, 0.95)).toBe(90);
  expect(percentile(Float64Array.of(1, 2, 3, 4), 0.5)).toBe(2.5);
  expect(percentile(Float64Array.of(7), 0.9)).toBe(7);
});

it("sums up values in any order", () => {
  expect(percentilesOf(Float64Array.of(4, 2, 3, 1))).toEqual({
    mean: 2.5,
    std: Math.sqrt(5 / 3),
    max: 4,
    fifty: 2.5,
    ninety: 4,
    ninetyfive: 4,
    count: 4,
  });
});

it("has no deviation of one value, and says that there is none of nothing", () => {
  expect(percentilesOf(Float64Array.of(5))).toMatchObject({ mean: 5, std: 0, max: 5, count: 1 });
  expect(percentilesOf(new Float64Array(0))).toMatchObject({ mean: Number.NaN, count: 0 });
});

it("lies between the least and the greatest, and never falls with the part", () => {
  const values = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, (list) => {
      const { fifty, ninety, ninetyfive, max } = percentilesOf(Float64Array.from(list));
      expect(fifty).toBeGreaterThanOrEqual(Math.min(...list));
      expect(ninety).toBeGreaterThanOrEqual(fifty);
      expect(ninetyfive).toBeGreaterThanOrEqual(ninety);
      expect(max).toBeGreaterThanOrEqual(ninetyfive);
    }),
  );
});
