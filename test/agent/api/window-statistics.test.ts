import { afterEach, describe, expect, it } from "vitest";

import { windowStatistics } from "../../../agent/api/families/window-statistics.ts";
import { metrics } from "../../../agent/api/metrics.ts";
import { stats } from "../../../agent/api/stats.ts";
import type { Tracked } from "../../../agent/window/tracked.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { windowFamilies } from "../../../wire/metrics/window.ts";
import type { ContainerStats } from "../../../wire/stats/answer.ts";
import { ringOf, rowOf } from "../../wire/rows.ts";
import { type SampledKernel, sampleFakeKernel } from "../sampled-kernel.ts";

let kernel: SampledKernel | undefined;

afterEach(async () => {
  await kernel?.close();
  kernel = undefined;
});

/** `id stat value` of the series of a family. */
function seriesOf(page: string, family: string): string[] {
  const series = page.matchAll(new RegExp(`^${family}{id="([^"]*)".*stat="(\\w+)"} (.*)$`, "gm"));
  return [...series].map(([, id, stat, value]) => `${id} ${stat} ${value}`);
}

describe.each(["v1", "v2"] as const)("the window of recorded cgroups of %s", (version) => {
  it("has on /metrics the very numbers that /stats has, for containers and the machine", async () => {
    kernel = await sampleFakeKernel(`cgroup-${version}`, [metrics, stats]);
    const page = await kernel.ask("/metrics");
    const { containers } = JSON.parse(await kernel.ask("/stats")) as {
      containers: ContainerStats[];
    };
    const shown = containers.filter(({ id, runtime }) => runtime !== undefined || id === "/");
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.length).toBeLessThan(containers.length);
    let found = 0;
    for (const { name, stat } of windowFamilies) {
      const expected = shown.flatMap(({ id, window }) =>
        Object.entries(window[stat.name] ?? {}).map(([key, value]) => `${id} ${key} ${value}`),
      );
      const series = seriesOf(page, name);
      expect(series.toSorted(), name).toEqual(expected.toSorted());
      found += series.length;
    }
    expect(found).toBeGreaterThan(20);
  });
});

describe("the setting", () => {
  const row = rowOf([[cpuMetrics.usage, 1]]);
  const limits = { cpu_cores: null, memory_bytes: null, pids: null };
  const plain = {
    container: { id: "/a", name: "/a", labels: {}, groups: {}, limits },
    ring: ringOf(0, [row, row]),
  } as unknown as Tracked;

  const emitted = (of: Parameters<typeof windowStatistics>[0], tracked: Tracked): number[] => {
    const values: number[] = [];
    const [cores] = windowStatistics(of);
    cores?.write(tracked, (_, value) => values.push(value));
    return values;
  };

  it("says for whom there are any", () => {
    expect(emitted("all", plain)).toEqual([0, 0, 0, 0]);
    expect(emitted("containers", plain)).toEqual([]);
    expect(windowStatistics("none")).toEqual([]);
  });

  it("takes up each new sample", () => {
    const [cores] = windowStatistics("all");
    const maxima: number[] = [];
    const collect = (labels: string, value: number): void => {
      if (labels.includes("max")) maxima.push(value);
    };
    cores?.write(plain, collect);
    plain.ring.push(3, 2000, 1000, rowOf([[cpuMetrics.usage, 1 + 5e8]]));
    cores?.write(plain, collect);
    expect(maxima).toEqual([0, 0.5]);
  });
});
