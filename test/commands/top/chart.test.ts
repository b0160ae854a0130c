import { describe, expect, it } from "vitest";

import { bar, chart, sparkline } from "../../../commands/top/chart.ts";
import { ageText, bytesText, coresText, percentText } from "../../../commands/top/units.ts";

const eight = { width: 8, span: 8, full: 8, isAscii: false };

describe("a line of blocks", () => {
  it.each([
    [[1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"],
    [[8], "       █"],
    [[], "        "],
    [[0, 0, 0, 0, 0, 0, 0, 0], "▁▁▁▁▁▁▁▁"],
    [[8, Number.NaN, 99, 1], "    █ █▁"],
  ])("of %j is %j", (values, line) => {
    expect(sparkline(values, eight)).toBe(line);
  });

  it("shows the greatest of a stretch, so that no peak is lost", () => {
    expect(sparkline([0, 8, 0, 0, 0, 0, 0, 0], { ...eight, width: 4 })).toBe("█▁▁▁");
  });

  it("is made of letters where there are no blocks", () => {
    expect(sparkline([1, 8], { ...eight, isAscii: true, width: 2, span: 2 })).toBe(".@");
  });
});

describe("a bar", () => {
  it.each([
    [0, "░░░░"],
    [0.001, "█░░░"],
    [0.5, "██░░"],
    [1, "████"],
    [7, "████"],
    [undefined, "    "],
  ])("of %j is %s", (ratio, text) => {
    expect(bar(ratio, 4, false)).toBe(text);
  });
});

describe("a chart", () => {
  it("is drawn in dots, the newest at its right end", () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8];
    const size = { width: 4, height: 2, span: 8, full: 8, isAscii: false };
    expect(chart(values, size)).toEqual(["  ⣠⣾", "⣠⣾⣿⣿"]);
  });

  it("leaves blank what was not measured, and shows that nothing is not absent", () => {
    const size = { width: 3, height: 1, span: 6, full: 4, isAscii: false };
    expect(chart([Number.NaN, Number.NaN, 0, 0], size)).toEqual(["  ⣀"]);
  });

  it("can do without dots", () => {
    const size = { width: 4, height: 2, span: 4, full: 2, isAscii: true };
    expect(chart([0, 1, 2, 1], size)).toEqual(["  # ", "####"]);
  });
});

describe("units", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1.0K"],
    [1536, "1.5K"],
    [99.9 * 1024, "99.9K"],
    [999.6 * 1024, "1.0M"],
    [512 * 2 ** 20, "512M"],
    [2 ** 40, "1.0T"],
    [undefined, "-"],
    [null, "-"],
  ])("%j bytes are %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0, "0.00"],
    [0.5, "0.50"],
    [9.999, "10.0"],
    [128, "128"],
    [undefined, "-"],
  ])("%j cores are %s", (cores, text) => {
    expect(coresText(cores)).toBe(text);
  });

  it.each([
    [0, "0%"],
    [0.0004, "0.1%"],
    [0.004, "0.4%"],
    [0.456, "46%"],
    [1.5, "150%"],
    [undefined, "-"],
  ])("a part of %j is %s", (ratio, text) => {
    expect(percentText(ratio)).toBe(text);
  });

  it.each([
    [5, "5s"],
    [184, "3m 4s"],
    [7800, "2h 10m"],
    [5 * 86_400 + 3 * 3600, "5d 3h"],
  ])("%i seconds are %s", (seconds, text) => {
    expect(ageText(seconds)).toBe(text);
  });
});
