import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseDuration, parseStatsQuery, QueryError } from "../../../wire/stats/query.ts";

describe("a query", () => {
  it.each([
    [
      "metrics",
      { metrics: "cpu_cores,nonsense" },
      /^metrics: "nonsense" is not one of cpu_cores, /,
    ],
    ["stat", { stat: "avg,median" }, /^stat: "median" is not one of avg, max, min, p95$/],
    ["window", { window: "60" }, /^window: "60" is not a duration; write for example 30s or 5m$/],
    ["step", { step: "-5s" }, /^step: /],
    ["sort", { sort: "--cpu_cores" }, /^sort: "-cpu_cores" is not one of /],
    ["limit", { limit: "0" }, /^limit: /],
    ["limit", { limit: "1e3" }, /^limit: /],
    ["format", { format: "xml" }, /^format: "xml" is not one of json, csv, ndjson$/],
    ["group", { group: "shop" }, /^group: "shop" is not kind:name/],
    ["label", { label: "=x" }, /^label: /],
    ["name", { name: "" }, /^name: is empty/],
    ["runtime", { runtime: "" }, /^runtime: is empty/],
    ["group", { group: "service:" }, /^group: /],
    ["step", { step: "0.5ms" }, /^step: "0.5ms" is shorter than a millisecond/],
    ["step", { step: "0s" }, /^step: /],
    ["window", { window: "99999999999999999d" }, /^window: /],
  ])("names the parameter %s when it is wrong", (parameter, raw, message) => {
    expect(() => parseStatsQuery(raw)).toThrow(message);
    try {
      parseStatsQuery(raw);
    } catch (error) {
      expect(error).toBeInstanceOf(QueryError);
      expect(error).toMatchObject({ parameter, statusCode: 400 });
    }
  });

  it("takes any text without doing anything but answer or refuse", () => {
    const raw = fc.record(
      {
        name: fc.string(),
        label: fc.string(),
        group: fc.string(),
        metrics: fc.string(),
        window: fc.string(),
        sort: fc.string(),
        limit: fc.string(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(raw, (parameters) => {
        try {
          parseStatsQuery(parameters);
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("takes a glob literally but for its stars and question marks", () => {
    const { name } = parseStatsQuery({ name: "a.b*(c)?" });
    expect(name?.test("a.bxyz(c)d")).toBe(true);
    expect(name?.test("a.b\n(c)d")).toBe(true);
    expect(name?.test("axb(c)d")).toBe(false);
  });

  it("refuses a glob that would take long to search with", () => {
    expect(() => parseStatsQuery({ name: "*a".repeat(20) })).toThrow(/^name: /);
  });

  it.each([
    ["250ms", 250],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
  ])("knows the duration %s", (text, milliseconds) => {
    expect(parseDuration("window", text)).toBe(milliseconds);
  });
});
