import { expect } from "vitest";

/** Whole seconds from the first to the last of these that are missing among them. Throws if one is there twice. */
export function missingSeconds(times: readonly number[]): number[] {
  expect(new Set(times).size, "no second twice").toBe(times.length);
  const first = Math.min(...times);
  const last = Math.max(...times);
  const there = new Set(times);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
    (second) => !there.has(second),
  );
}
