import { expect, onTestFinished, test } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { oom } from "../../../agent/collectors/oom.ts";
import { columnOf, ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { memoryMetrics } from "../../../wire/metrics/memory.ts";
import { FakeKernel } from "../fake-kernel.ts";

const CPU = columnOf(cpuMetrics.usage);
const KILLS = columnOf(memoryMetrics.oomKills);

function open(path: string, kills?: Host["kills"]): { kernel: FakeKernel; probe?: Probe } {
  const kernel = new FakeKernel("empty-v2");
  onTestFinished(() => kernel[Symbol.dispose]());
  kernel.write("memory.stat", "anon 0\n");
  kernel.write("a/memory.stat", "anon 0\n");
  kernel.write("a/memory.events", "low 0\nhigh 0\nmax 3\noom 3\noom_kill 2\noom_group_kill 0\n");
  kernel.write("off/cpu.stat", "usage_usec 0\n");
  const host = kernel.host();
  const probe = oom.open(
    cgroupAt(kernel.hierarchies, path),
    kills === undefined ? host : { ...host, kills },
  );
  return probe === undefined ? { kernel } : { kernel, probe };
}

/** What a probe makes of a row in which the CPU time stands. */
function read(probe: Probe | undefined, cpu: number): number {
  const row = new Float64Array(ROW_WIDTH).fill(Number.NaN);
  row[CPU] = cpu;
  probe?.read(row, { cpu_cores: null, memory_bytes: null, pids: null });
  return row[KILLS]!;
}

test("kills are the file's, read again when a task has run", () => {
  const { kernel, probe } = open("/a");
  expect(read(probe, 1)).toBe(2);
  kernel.write("a/memory.events", "oom_kill 5\n");
  expect(read(probe, 2)).toBe(5);
  expect(read(probe, 2)).toBe(5);
  probe?.close();
});

test("a count that goes on is shown in the place of the file's", () => {
  const told: unknown[] = [];
  const kills = {
    read: (cgroup: string, value: number) => told.push([cgroup, value]) + 40,
    closed: (cgroup: string) => told.push(cgroup),
  };
  const { probe } = open("/a", kills);
  expect(read(probe, 1)).toBe(41);
  probe?.close();
  expect(told).toEqual([["/a", 2], "/a"]);
});

test("the root of v2 has no file, but a memory controller; a cgroup without one has no kills", () => {
  const kills = {
    read: (_cgroup: string, value: number) => (Number.isNaN(value) ? 7 : value),
    closed() {},
  };
  expect(read(open("/", kills).probe, 1)).toBe(7);
  expect(read(open("/").probe, 1)).toBeNaN();
  expect(open("/off", kills).probe).toBeUndefined();
});
