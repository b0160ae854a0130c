import { describe, expect, it } from "vitest";

import {
  allMetrics,
  allSeries,
  allStats,
  columnOf,
  newestMetrics,
} from "../../wire/metrics/all.ts";

const everyMetric = [...allMetrics, ...newestMetrics];
const described = [...everyMetric, ...allSeries];

describe("the descriptions", () => {
  it("name each column and each statistic once", () => {
    const columns = everyMetric.map((metric) => metric.name);
    expect(new Set(columns).size).toBe(columns.length);
    const stats = allStats.map((stat) => stat.name);
    expect(new Set(stats).size).toBe(stats.length);
  });

  it("agree on type and help where several metrics share a family", () => {
    const heads = new Map<string, string>();
    for (const { family, type } of described) {
      if (family === undefined) continue;
      const head = JSON.stringify([type, family.help]);
      expect(heads.get(family.name) ?? head).toBe(head);
      heads.set(family.name, head);
    }
  });

  it("tell the series of a shared family apart by a label", () => {
    const series = everyMetric.flatMap(({ family }) =>
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
    // cAdvisor's names of gauges and of counters, by which everybody asks for them.
    const misnamed = [
      "container_fs_inodes_total",
      "container_network_advance_tcp_stats_total",
      "container_network_tcp_usage_total",
      "container_network_tcp6_usage_total",
      "container_network_udp_usage_total",
      "container_network_udp6_usage_total",
      "container_memory_failcnt",
      "container_hugetlb_failcnt",
    ];
    for (const { family, type } of described) {
      if (family !== undefined && !misnamed.includes(family.name))
        expect(family.name.endsWith("_total")).toBe(type === "counter");
    }
  });
});
