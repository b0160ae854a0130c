import { describe, expect, test } from "vitest";

import { parseRange, stepOf } from "../../../aggregator/api/range.ts";
import { QueryError } from "../../../wire/stats/query.ts";

const NOW = Date.parse("2026-11-21T04:00:00Z");
const HOUR = 3_600_000;
const range = (seconds: number) => ({ start: NOW - seconds * 1000, end: NOW });

describe("start and end", () => {
  test("without them it is about now", () => {
    expect(parseRange({}, NOW)).toBeUndefined();
  });

  test.for([
    [{ start: "-1h" }, NOW - HOUR, NOW],
    [{ start: "-1d", end: "-30m" }, NOW - 24 * HOUR, NOW - HOUR / 2],
    [{ end: "now" }, NOW - HOUR, NOW],
    [
      { start: "2026-11-21T05:00:00+02:00", end: "2026-11-21T03:30:00.5Z" },
      NOW - HOUR,
      NOW - HOUR / 2 + 500,
    ],
    [{ start: "1795230000.25", end: "1795233600" }, 1_795_230_000_250, 1_795_233_600_000],
  ] as const)("%o", ([raw, start, end]) => {
    expect(parseRange(raw, NOW)).toEqual({ start, end });
  });

  test.for([
    [{ start: "yesterday" }, 'start: "yesterday" is not a time; write for example'],
    [{ start: "-1y" }, 'start: "1y" is not a duration'],
    [{ end: "2026-13-01T00:00:00Z" }, "end: "],
    [{ start: "2026-02-30T00:00:00Z" }, 'start: "2026-02-30T00:00:00Z" is not a time'],
    [{ end: "2026-00-01T00:00:00Z" }, "end: "],
    [{ end: "" }, "end: "],
    [{ start: "2026-11-21" }, "start: "],
    [{ start: "99999999999999" }, "start: "],
    [{ start: "now" }, "start: must be before the end"],
    [{ start: "-1h", end: "-2h" }, "start: must be before the end"],
  ] as const)("%o is refused", ([raw, message]) => {
    expect(() => parseRange(raw, NOW)).toThrow(QueryError);
    expect(() => parseRange(raw, NOW)).toThrow(message);
  });
});

describe("the step of a series", () => {
  test("is one that reads well and gives no more points than a chart shows", () => {
    const steps = [60, 300, 301, 3600, 86_400, 7 * 86_400, 365 * 86_400].map(
      (seconds) => stepOf(range(seconds), undefined) / 1000,
    );
    expect(steps).toEqual([1, 1, 2, 15, 300, 3600, 2 * 86_400]);
  });

  test("is the one asked for, as long as that is not too fine", () => {
    expect(stepOf(range(3600), 1000)).toBe(1000);
    expect(() => stepOf(range(86_400), 1000)).toThrow("step: gives more than 11000 points");
    expect(() => stepOf(range(5), 1)).toThrow("step: is less than 1s");
  });
});
