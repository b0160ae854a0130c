import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { parseSchedstat, sched } from "../../../agent/collectors/sched.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";
const SCOPE = `/system.slice/docker-${V2_ID}.scope`;

let kernel: FakeKernel;
let host: Host;

function use(recorded: "cgroup-v1" | "cgroup-v2"): void {
  kernel = new FakeKernel(recorded);
  host = kernel.host();
  kernel.proc("self/schedstat", "5 6 7\n");
}

beforeEach(() => use("cgroup-v1"));
afterEach(() => kernel[Symbol.dispose]());

function tasks(id: string, ...threads: number[]): void {
  kernel.write(`cpuacct${id}/tasks`, threads.map((tid) => `${tid}\n`).join(""));
}

function thread(tid: number, schedstat: string): void {
  kernel.proc(`${tid}/schedstat`, `${schedstat}\n`);
}

function gone(tid: number): void {
  rmSync(join(kernel.procRoot, String(tid)), { recursive: true });
}

function totals(probe: Probe, usage?: number): (number | undefined)[] {
  const columns = sampleOf(probe, usage === undefined ? {} : { usage });
  return [
    columns["sched_run_nanoseconds"],
    columns["sched_runqueue_nanoseconds"],
    columns["sched_run_periods"],
  ];
}

const NONE = [undefined, undefined, undefined];

describe("the scheduler's times", () => {
  it("are those of every thread, and stay when one has ended", () => {
    tasks(WEB, 12, 13);
    thread(12, "100 10 1");
    thread(13, "200 20 2");
    const probe = probeOf(kernel, host, sched, WEB);
    expect(totals(probe)).toEqual([300, 30, 3]);
    thread(12, "150 10 2");
    tasks(WEB, 12);
    gone(13);
    expect(totals(probe)).toEqual([350, 30, 4]);
    // Another one with the number of the one that ended.
    tasks(WEB, 12, 13);
    thread(13, "5 1 1");
    expect(totals(probe)).toEqual([355, 31, 5]);
  });

  it("take less than before for another thread with the same number", () => {
    tasks(WEB, 12);
    thread(12, "100 10 3");
    const probe = probeOf(kernel, host, sched, WEB);
    expect(totals(probe)).toEqual([100, 10, 3]);
    thread(12, "120 2 1");
    expect(totals(probe)).toEqual([220, 12, 4]);
  });

  it("go on without one that can't be read, and do not count it twice", () => {
    tasks(WEB, 12, 13, 14);
    for (const tid of [12, 13]) thread(tid, "100 10 1");
    const probe = probeOf(kernel, host, sched, WEB);
    expect(totals(probe)).toEqual([200, 20, 2]);
    thread(12, "garbage");
    thread(13, "110 10 1");
    expect(totals(probe)).toEqual([210, 20, 2]);
    thread(12, "130 10 1");
    expect(totals(probe)).toEqual([240, 20, 2]);
    expect([...host.files.failures]).toEqual([["malformed", 1]]);
  });

  it("are read on v2 as well", () => {
    kernel[Symbol.dispose]();
    use("cgroup-v2");
    kernel.write(`${SCOPE}/cgroup.threads`, "775\n776\n");
    thread(775, "100 10 1");
    thread(776, "1 1 1");
    expect(totals(probeOf(kernel, host, sched, SCOPE))).toEqual([101, 11, 2]);
  });

  it("of a cgroup hold those of the cgroups below it, also of one that has gone", () => {
    tasks("/docker", 1);
    thread(1, "1 1 1");
    tasks(WEB, 12);
    thread(12, "100 10 1");
    const web = probeOf(kernel, host, sched, WEB);
    expect(totals(web)).toEqual([100, 10, 1]);
    const docker = probeOf(kernel, host, sched, "/docker");
    expect(totals(docker)).toEqual([101, 11, 2]);
    thread(12, "200 10 1");
    totals(web);
    web.close();
    expect(totals(docker)).toEqual([201, 11, 2]);
    // Made anew, it begins at nothing.
    thread(12, "7 0 1");
    const again = probeOf(kernel, host, sched, WEB);
    expect(totals(again)).toEqual([7, 0, 1]);
    expect(totals(docker)).toEqual([208, 11, 3]);
  });

  it("are not read again at a standstill, and kept", () => {
    tasks(WEB, 12);
    thread(12, "100 10 1");
    const probe = probeOf(kernel, host, sched, WEB);
    const before = host.files.reads;
    for (let sample = 0; sample < 5; sample++) expect(totals(probe, 9)).toEqual([100, 10, 1]);
    expect(host.files.reads - before).toBe(4);
    thread(12, "101 10 1");
    expect(totals(probe, 10)).toEqual([101, 10, 1]);
  });

  it("of very many threads are read a part in each sample, and all after a standstill", () => {
    const all = Array.from({ length: 1000 }, (_, index) => 100 + index);
    tasks(WEB, ...all);
    for (const tid of all) thread(tid, "1 1 1");
    const probe = probeOf(kernel, host, sched, WEB);
    const runs = (usage: number): number => totals(probe, usage)[0] ?? NaN;
    expect(runs(1)).toBe(400);
    expect(runs(2)).toBe(800);
    // All move, those too that have been read in this round; then they stand still.
    for (const tid of all) thread(tid, "3 1 1");
    for (let sample = 0; sample < 6; sample++) runs(3);
    expect(runs(3)).toBe(3000);
  });

  it("are absent where the kernel does not count them", () => {
    tasks(WEB, 12);
    thread(12, "0 0 0");
    for (const own of ["0 0 0\n", "", "1 2"]) {
      kernel.proc("self/schedstat", own);
      expect(sched.open(cgroupAt(kernel.hierarchies, WEB), host)).toBeUndefined();
    }
    gone(12);
    rmSync(join(kernel.procRoot, "self"), { recursive: true });
    expect(sched.open(cgroupAt(kernel.hierarchies, WEB), host)).toBeUndefined();
  });

  it("are absent where some threads can't be seen from here, in the cgroups above too", () => {
    tasks("/docker");
    tasks(WEB, 0, 12);
    thread(12, "100 10 1");
    const docker = probeOf(kernel, host, sched, "/docker");
    expect(totals(probeOf(kernel, host, sched, WEB))).toEqual(NONE);
    expect(totals(docker)).toEqual(NONE);
  });
});

describe("a schedstat file", () => {
  const parse = (text: string): number[] | undefined => {
    const into = new Float64Array(3);
    const bytes = new TextEncoder().encode(`${text}9 9 9\n`);
    return parseSchedstat({ bytes, length: text.length }, into) ? [...into] : undefined;
  };

  it("has three numbers in a line, or nothing", () => {
    expect(parse("936450 94074 2\n")).toEqual([936_450, 94_074, 2]);
    for (const text of ["", "\n", "1 2\n", "1 2 3", "1 2 x\n", "-1 2 3\n", "1 2 3 4\n"]) {
      expect(parse(text), text).toBeUndefined();
    }
  });
});
