import { describe, expect, it } from "vitest";

import { allMetrics, allStats, columnOf } from "../../wire/metrics/all.ts";

describe("the descriptions", () => {
  it("name each column and each statistic once", () => {
    const columns = allMetrics.map((metric) => metric.name);
    expect(new Set(columns).size).toBe(columns.length);
    const stats = allStats.map((stat) => stat.name);
    expect(new Set(stats).size).toBe(stats.length);
  });

  it("agree on type and help where several metrics share a family", () => {
    const heads = new Map<string, string>();
    for (const { family, type, per } of allMetrics) {
      if (family === undefined) continue;
      const head = JSON.stringify([type, family.help, per]);
      expect(heads.get(family.name) ?? head).toBe(head);
      heads.set(family.name, head);
    }
  });

  it("tell the series of a shared family apart by a label", () => {
    const series = allMetrics.flatMap(({ family }) =>
      family === undefined ? [] : [`${family.name}${JSON.stringify(family.labels ?? {})}`],
    );
    expect(new Set(series).size).toBe(series.length);
  });

  it("derive statistics only from metrics that are sampled, rates only from counters", () => {
    for (const { from } of allStats) {
      expect(() => columnOf(from.of)).not.toThrow();
      if (from.kind === "rate" || from.kind === "ratio") expect(from.of.type).toBe("counter");
      else if (from.kind === "share") expect(from.of.type).toBe("gauge");
    }
  });

  it("end a counter's family in _total, as OpenMetrics wants it", () => {
    for (const { family, type } of allMetrics) {
      if (family !== undefined) expect(family.name.endsWith("_total")).toBe(type === "counter");
    }
  });
});
