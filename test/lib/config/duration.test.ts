import { expect, it } from "vitest";

import { formatDuration, parseDuration } from "../../../lib/config/duration.ts";

it.each([
  ["0", 0],
  ["30s", 30],
  ["1h30m", 5400],
  ["1m0s", 60],
  ["500ms", 0.5],
  ["1.5h", 5400],
  ["0.1s200ms", 0.3],
  ["100us", 1e-4],
  ["1d", 86_400],
  ["2w", 1_209_600],
  ["1y", 31_536_000],
])("reads %s as %d s", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

it.each(["", "5", "s", "-1s", "1 s", "1s ", "1x", "1s2", "1.s", "١s"])("refuses %j", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

it.each([
  [604_800, "7d"],
  [86_400, "1d"],
  [5400, "1h30m"],
  [600, "10m"],
  [15, "15s"],
  [0.25, "250ms"],
  [61.001, "1m1s1ms"],
  [0, "0s"],
])("writes %d s as %s, which reads the same", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
  expect(parseDuration(text)).toBe(seconds);
});
