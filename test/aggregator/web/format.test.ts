import { expect, test } from "vitest";

import {
  axisText,
  bytes,
  bytesPerSecond,
  cores,
  count,
  duration,
  percent,
  quantity,
  spelled,
  timeOfDay,
} from "../../../aggregator/web/format.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [64_172_851, "61.2 MiB"],
  [1024 ** 2 - 1, "1.0 MiB"],
  [99.96 * 1024, "100 KiB"],
  [512 * 1024 ** 2, "512 MiB"],
  [3 * 1024 ** 6, "3072 PiB"],
])("%d bytes are %s", (value, text) => {
  expect(bytes(value)).toBe(text);
});

test.each([
  [0, "0 B/s"],
  [0.4, "0 B/s"],
  [999.6, "1.0 kB/s"],
  [1_200_000, "1.2 MB/s"],
  [125_000_000, "125 MB/s"],
])("%d bytes a second are %s", (value, text) => {
  expect(bytesPerSecond(value)).toBe(text);
});

test.each([
  [0, "0.00"],
  [0.001, "<0.01"],
  [0.5, "0.50"],
  [9.996, "10.0"],
  [63.97, "64.0"],
])("%d cores are %s", (value, text) => {
  expect(cores(value)).toBe(text);
});

test("counts and parts of one are told in words of people", () => {
  expect(count(12_345)).toBe("12,345");
  expect(percent(0.004)).toBe("0.4 %");
  expect(percent(0.48)).toBe("48 %");
  expect(percent(0)).toBe("0 %");
});

test("what is absent is a dash, in a sentence too, and never a zero", () => {
  expect(quantity(undefined, "bytes")).toBe("–");
  expect(quantity(Number.NaN, "cores")).toBe("–");
  expect(spelled(undefined, "cores")).toBe("–");
  expect(quantity(0, "count")).toBe("0");
});

test("cores bear their unit in a sentence only", () => {
  expect(quantity(0.5, "cores")).toBe("0.50");
  expect(spelled(0.5, "cores")).toBe("0.50 cores");
  expect(spelled(2048, "bytes")).toBe("2.0 KiB");
});

test("an axis shows no more digits than it needs", () => {
  expect(axisText(0.25, "cores")).toBe("0.25");
  expect(axisText(0.30000000000000004, "cores")).toBe("0.3");
  expect(axisText(64 * 1024 ** 2, "bytes")).toBe("64 MiB");
  expect(axisText(0, "bytes per second")).toBe("0");
});

test("a time is one of the reader's zone", () => {
  const moment = new Date(2026, 10, 21, 12, 3, 4);
  expect(timeOfDay(moment.getTime())).toBe("12:03:04");
});

test.each([
  [-1, "0 s"],
  [59.9, "59 s"],
  [60, "1 min"],
  [3725, "1 h 2 min"],
  [90_000, "1 d 1 h"],
  [86_400 + 120, "1 d"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
