import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { DecayingAverage, load } from "../../../agent/collectors/load.ts";
import { parseState } from "../../../agent/collectors/task-list.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { columnOf, ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { loadMetrics } from "../../../wire/metrics/load.ts";
import { FakeKernel } from "../fake-kernel.ts";

let kernel: FakeKernel;
let now: number;

beforeEach(() => {
  now = 0;
});

afterEach(() => kernel[Symbol.dispose]());

function task(id: number, state: string, name = "sleep"): void {
  const folder = join(kernel.procRoot, String(id));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "stat"), `${id} (${name}) ${state} 1 1 1 0 -1 4194304 80 0 0 0\n`);
}

function open(id: string): Probe | undefined {
  const host: Host = { ...kernel.host(), load: { monotonic: () => now } };
  return load.open(cgroupAt(kernel.hierarchies, id), host);
}

function read(probe: Probe, usage = Number.NaN): Record<string, number> {
  const row = new Float64Array(ROW_WIDTH).fill(Number.NaN);
  row[columnOf(cpuMetrics.usage)] = usage;
  probe.read(row, NO_LIMITS);
  const states = [...probe.series!].map(([key, [value]]) => [/"(.*)"/.exec(key)![1], value]);
  return {
    ...Object.fromEntries(states),
    average: row[columnOf(loadMetrics.running)],
    averageD: row[columnOf(loadMetrics.uninterruptible)],
  };
}

const bytes = (text: string): { bytes: Uint8Array; length: number } => {
  const encoded = new TextEncoder().encode(`${text}rest) X 9`);
  return { bytes: encoded, length: encoded.length - "rest) X 9".length };
};

describe("a decaying average", () => {
  beforeEach(() => {
    kernel = new FakeKernel("empty-v2");
  });

  it("begins with its first number and follows within 10 seconds, as cAdvisor's does", () => {
    const average = new DecayingAverage();
    expect(average.add(2, 5000)).toBe(2000);
    const decay = Math.exp(-1 / 10);
    const second = 2 * decay + 5 * (1 - decay);
    expect(average.add(5, 6000)).toBe(Math.trunc(second * 1000));
    expect(average.add(5, 6000)).toBe(Math.trunc(second * 1000));
    expect(average.add(0, 16_000)).toBe(Math.trunc(second * Math.exp(-1) * 1000));
  });

  it("decays over a second that was missed as if it had been there", () => {
    const [one, two] = [new DecayingAverage(), new DecayingAverage()];
    for (const average of [one, two]) average.add(0, 0);
    one.add(3, 1000);
    expect(one.add(3, 2000)).toBe(two.add(3, 2000));
  });

  it("passes over what could not be measured", () => {
    const average = new DecayingAverage();
    expect(average.add(Number.NaN, 0)).toBeNaN();
    expect(average.add(4, 1000)).toBe(4000);
    expect(average.add(Number.NaN, 2000)).toBeNaN();
    expect(average.add(4, 3000)).toBe(4000);
  });
});

describe("the state of a task", () => {
  beforeEach(() => {
    kernel = new FakeKernel("empty-v2");
  });

  it.each([
    ["7 (sleep) S 1 1", "S"],
    ["7 (a) R (b) D) T 1 1", "T"],
    ["7 (sleep) ", ""],
    ["7 (sleep)", ""],
    ["", ""],
  ])("is the letter behind the name: %s", (text, state) => {
    expect(parseState(bytes(text))).toBe(state);
  });
});

describe("tasks on v2", () => {
  beforeEach(() => {
    kernel = new FakeKernel("empty-v2");
    kernel.write("shop/cgroup.threads", "0\n7\n8\n9\n10\n11\n12\n13\n99\nx7\n\n7");
    for (const [id, state] of ["S", "S", "R", "T", "t", "D", "Z"].entries()) task(7 + id, state);
  });

  it("are looked at one by one; those that have ended are in no state", () => {
    expect(read(open("/shop")!)).toEqual({
      sleeping: 2,
      running: 1,
      stopped: 2,
      uninterruptible: 1,
      average: 1000,
      averageD: 1000,
    });
  });

  it("are looked at seldom while their cgroup stands still, and at once when it moves", () => {
    kernel.write("shop/cgroup.threads", "7\n8\n");
    const probe = open("/shop")!;
    for (let sample = 0; sample < 3; sample++) read(probe, 7);
    task(7, "T");
    const stopped = [7, 7, 7, 7, 7].map((usage) => read(probe, usage)["stopped"]);
    expect(stopped).toEqual([0, 0, 0, 0, 1]);
    task(8, "T");
    expect(read(probe, 8)["stopped"]).toBe(2);
  });

  it("are looked at each time while one of them runs", () => {
    const probe = open("/shop")!;
    for (let sample = 0; sample < 3; sample++) read(probe, 7);
    task(9, "S");
    expect(read(probe, 7)).toMatchObject({ running: 0, sleeping: 3 });
  });

  it("are none where the cgroup has gone", () => {
    const probe = open("/shop")!;
    rmSync(join(kernel.cgroupRoot, "shop"), { recursive: true });
    expect(read(probe)).toMatchObject({ sleeping: NaN, running: NaN, average: NaN });
    expect(open("/shop")).toBeUndefined();
  });
});

describe("tasks on v1", () => {
  it("are those that the CPU controller lists", () => {
    kernel = new FakeKernel("cgroup-v1");
    kernel.write("cpu/docker/web/tasks", "7\n8\n");
    task(7, "S");
    task(8, "R");
    const probe = open("/docker/web")!;
    expect(read(probe)).toMatchObject({ sleeping: 1, running: 1, average: 1000 });
    task(8, "S");
    now = 10_000;
    expect(read(probe)["average"]).toBe(Math.trunc(1000 / Math.E));
    probe.close();
  });
});

describe("tasks", () => {
  it("are not counted unless somebody asks", () => {
    kernel = new FakeKernel("cgroup-v1");
    expect(load.open(cgroupAt(kernel.hierarchies, "/docker/web"), kernel.host())).toBeUndefined();
  });
});
