import { describe, expect, it } from "vitest";

import type { Container } from "../../../wire/container.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import { networkMetrics } from "../../../wire/metrics/network.ts";
import { containerStats, select, type Subject } from "../../../wire/stats/answer.ts";
import { encodeCsv } from "../../../wire/stats/csv.ts";
import { findSubjects } from "../../../wire/stats/find.ts";
import { parseStatsQuery } from "../../../wire/stats/query.ts";
import { ringOf, rowOf } from "../rows.ts";

const START = Date.parse("2026-11-21T04:00:00Z");

function container(name: string, more: Partial<Container> = {}): Container {
  return {
    id: `/docker/${name}`,
    name,
    labels: {},
    groups: {},
    limits: { cpu_cores: 0.5, memory_bytes: 1000, pids: null },
    ...more,
  };
}

/** Half a core for two seconds, then a whole one for one second. */
function burst(name: string, more: Partial<Container> = {}): Subject {
  const usages = [0, 0.5e9, 1e9, 2e9];
  const rows = usages.map((usage, index) =>
    rowOf([
      [cpuMetrics["usage"], usage],
      [cpuMetrics["periods"], index * 10],
      [cpuMetrics["throttledPeriods"], index],
      [memoryMetrics["workingSet"], 100 * (index + 1)],
    ]),
  );
  return { container: container(name, more), ring: ringOf(START, rows) };
}

const everything = parseStatsQuery({});

describe("an answer", () => {
  it("has rates by second, ratios and shares of the limit", () => {
    const { latest, window } = containerStats(burst("web"), everything);
    expect(latest["time"]).toBe("2026-11-21T04:00:03.000Z");
    expect(latest["cpu_cores"]).toBe(1);
    expect(latest["cpu_throttled_ratio"]).toBe(0.1);
    expect(latest["memory_limit_ratio"]).toBe(0.4);
    expect(window["cpu_cores"]).toEqual({ avg: 2 / 3, max: 1, min: 0.5, p95: 1 });
    expect(window["memory_working_set_bytes"]).toEqual({ avg: 250, max: 400, min: 100, p95: 400 });
  });

  it("has no key for what can't be measured", () => {
    const { latest, window } = containerStats(burst("web"), everything);
    expect(latest).not.toHaveProperty("network_receive_bytes_per_second");
    expect(window).not.toHaveProperty("memory_swap_bytes");
    const unlimited = burst("free", {
      limits: { cpu_cores: null, memory_bytes: null, pids: null },
    });
    expect(containerStats(unlimited, everything).latest).not.toHaveProperty("memory_limit_ratio");
  });

  it("never has a negative rate when a counter begins anew", () => {
    const rows = [5e9, 6e9, 1e9, 2e9].map((usage) => rowOf([[cpuMetrics["usage"], usage]]));
    const subject = { container: container("web"), ring: ringOf(START, rows) };
    expect(containerStats(subject, everything).window["cpu_cores"]).toMatchObject({
      min: 1,
      max: 1,
    });
  });

  it("has an average that is exactly what the counter grew, whatever the intervals", () => {
    const ring = ringOf(START, [rowOf([[networkMetrics.receive["bytes"], 0]])]);
    ring.push(2, START + 250, 250, rowOf([[networkMetrics.receive["bytes"], 1000]]));
    ring.push(3, START + 2250, 2000, rowOf([[networkMetrics.receive["bytes"], 1000]]));
    const { window } = containerStats({ container: container("web"), ring }, everything);
    expect(window["network_receive_bytes_per_second"]?.["avg"]).toBeCloseTo(1000 / 2.25, 10);
  });

  it("sums up only the window that is asked for", () => {
    const query = parseStatsQuery({ window: "1s", metrics: "cpu_cores", stat: "avg" });
    expect(containerStats(burst("web"), query).window).toEqual({ cpu_cores: { avg: 1 } });
  });

  it("has series in steps, null where there is nothing", () => {
    const query = parseStatsQuery({
      step: "2s",
      metrics: "cpu_cores,memory_swap_bytes",
      stat: "max",
    });
    expect(containerStats(burst("web"), query).series).toEqual({
      step_seconds: 2,
      times: [START / 1000, START / 1000 + 2],
      values: { cpu_cores: { max: [0.5, 1] } },
    });
    const second = parseStatsQuery({ step: "1s", metrics: "cpu_cores", stat: "avg" });
    expect(containerStats(burst("web"), second).series?.values["cpu_cores"]?.["avg"]).toEqual([
      null,
      0.5,
      0.5,
      1,
    ]);
  });
});

describe("a selection", () => {
  const shop = {
    labels: { tier: "front", empty: "" },
    groups: { compose_project: "shop" },
    runtime: "docker",
  };
  const all = [burst("b"), burst("a", shop), { ...burst("c"), ring: ringOf(START, [rowOf([])]) }];
  const names = (raw: Parameters<typeof parseStatsQuery>[0]): string[] =>
    select(all, parseStatsQuery(raw)).map((subject) => subject.container.name);

  it("takes names, labels, groups and engines", () => {
    expect(names({ name: "[ab]" })).toEqual([]);
    expect(names({ name: "?" })).toEqual(["a", "b", "c"]);
    expect(names({ label: "tier=front" })).toEqual(["a"]);
    expect(names({ label: ["tier", "empty="] })).toEqual(["a"]);
    expect(names({ label: "tier=back" })).toEqual([]);
    expect(names({ group: "compose_project:shop" })).toEqual(["a"]);
    expect(names({ runtime: "docker" })).toEqual(["a"]);
  });

  it("sorts with the absent last when the greatest come first, and limits", () => {
    expect(names({ sort: "-cpu_cores" })).toEqual(["a", "b", "c"]);
    expect(names({ sort: "cpu_cores" })).toEqual(["c", "a", "b"]);
    expect(names({ sort: "-name", limit: "2" })).toEqual(["c", "b"]);
  });
});

describe("finding a container", () => {
  const id = "0123456789abcdef".repeat(4);
  const all = [
    burst("web", { container_id: id }),
    burst("db", { container_id: `ff${id.slice(2)}` }),
    { ...burst("web", { container_id: id }), node: "other" },
  ];

  it("goes by name, id, beginning of an id and cgroup path", () => {
    expect(findSubjects(all, "db")).toEqual([all[1]]);
    expect(findSubjects(all, "ff2")).toEqual([all[1]]);
    expect(findSubjects(all, "/docker/db")).toEqual([all[1]]);
    expect(findSubjects(all, "docker/db")).toEqual([all[1]]);
    expect(findSubjects(all, id)).toEqual([all[0], all[2]]);
    expect(findSubjects(all, "nothing")).toEqual([]);
  });

  it("refuses what fits several of one node", () => {
    const twins = [burst("a", { container_id: "ab1" }), burst("b", { container_id: "ab2" })];
    expect(() => findSubjects(twins, "ab")).toThrow(/"ab" fits 2: a, b/);
  });
});

describe("CSV", () => {
  it("quotes what a spreadsheet would misread", () => {
    const query = parseStatsQuery({ metrics: "cpu_cores", stat: "max" });
    const stats = [burst('=cmd|"a",\nb')].map((subject) => containerStats(subject, query));
    expect(encodeCsv(stats, query)).toBe(
      "node,id,name,image,runtime,state,time,cpu_cores,cpu_cores_max\r\n" +
        ',"/docker/=cmd|""a"",\nb","\'=cmd|""a"",\nb",,,,2026-11-21T04:00:03.000Z,1,1\r\n',
    );
  });
});
