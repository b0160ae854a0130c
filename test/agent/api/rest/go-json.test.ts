import { describe, expect, it } from "vitest";

import { encodeGo, RawInteger } from "../../../../agent/api/rest/go-json.ts";
import { goTime, parseGoDuration, parseGoTime } from "../../../../agent/api/rest/go-time.ts";
import { parseLabels } from "../../../../agent/api/rest/sample.ts";
import { encodeLabels } from "../../../../wire/exposition/encode.ts";

describe("JSON as Go writes it", () => {
  it.each([
    [{ b: 1, a: undefined, c: null }, '{"b":1,"c":null}'],
    [[1, "two", true, []], '[1,"two",true,[]]'],
    [
      new Map([
        ["b", 1],
        ["a", 2],
        ["Z", 3],
        ["10", 4],
        ["2", 5],
      ]),
      '{"10":4,"2":5,"Z":3,"a":2,"b":1}',
    ],
    ["<a & b>\u2028", String.raw`"\u003ca \u0026 b\u003e\u2028"`],
    ['"\\\n', String.raw`"\"\\\n"`],
    [2 ** 53 + 2, "9007199254740994"],
    [9.223372036854775e18, "9223372036854774784"],
    [new RawInteger("18446744073709551615"), "18446744073709551615"],
    [0.0314, "0.0314"],
    [-1, "-1"],
  ])("%j", (value, text) => {
    expect(encodeGo(value)).toBe(text);
  });

  it("knows no number that JSON does not know", () => {
    expect(() => encodeGo({ a: Number.NaN })).toThrow("BUG");
    expect(() => encodeGo([Number.POSITIVE_INFINITY])).toThrow("BUG");
  });
});

describe("times as Go writes them", () => {
  it.each([
    [Date.parse("2026-11-21T06:15:30Z"), "2026-11-21T06:15:30Z"],
    [Date.parse("2026-11-21T06:15:30.12Z"), "2026-11-21T06:15:30.12Z"],
    [1.5, "1970-01-01T00:00:00.0015Z"],
    [Number.NaN, "0001-01-01T00:00:00Z"],
  ])("%d", (time, text) => {
    expect(goTime(time)).toBe(text);
  });

  it.each(["2026-11-21T06:15:30Z", "2026-11-21T06:15:30.123+01:00"])("%s is one", (text) => {
    expect(parseGoTime(text)).toBe(Date.parse(text));
  });

  it.each(["", "1732169730", "2026-11-21", "2026-11-21T06:15:30", "2026-13-21T06:15:30Z"])(
    "%s is none",
    (text) => {
      expect(parseGoTime(text)).toBeUndefined();
    },
  );

  it.each([
    ["1h2m3.5s", 3723.5],
    ["100ms", 0.1],
    ["-1s", -1],
    ["+2m", 120],
    [".5s", 0.5],
    ["0", 0],
    ["", undefined],
    ["10", undefined],
    ["1d", undefined],
    ["s", undefined],
    ["1s x", undefined],
  ])("%s is so many seconds", (text, seconds) => {
    expect(parseGoDuration(text)).toBe(seconds);
  });
});

it("labels are what they were before they stood on the page", () => {
  const labels = { a: 'x="1",b="2"', c: "line\nbreak \\n", d: "" };
  expect(parseLabels(encodeLabels(labels))).toEqual(labels);
});
