import { existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { KernelFiles } from "../../../agent/cgroup/kernel-files.ts";
import { Absences } from "../../../agent/collectors/absences.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { parsePerfConfig } from "../../../agent/collectors/perf-config.ts";
import { perfEvent } from "../../../agent/collectors/perf-event.ts";
import { PerfEvents } from "../../../agent/collectors/perf-events.ts";
import type { Libc } from "../../../agent/syscalls/libc.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { columnOf, ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { FakeKernel } from "../fake-kernel.ts";

let kernel: FakeKernel;
let files: KernelFiles;
let absences: Absences;
/** Open descriptors of the fake kernel, and the file with the numbers that each reads. */
let opened: Map<number, string>;
/** Error that each kind of event is answered with; none = it is counted. */
let errors: Record<string, number>;
let made = 0;

/** A kernel that counts: every event is a file with a group's numbers. */
function fakeLibc(): Libc {
  return {
    perfEventOpen(attr, pid, cpu, group) {
      const view = new DataView(attr.buffer);
      const event = `${view.getUint32(0, true)}:${view.getBigUint64(8, true)}`;
      const error = errors[event];
      if (error !== undefined) return error;
      const file = join(kernel.root, `counter-${made++}`);
      const numbers = [2n, 1000n, 1000n, BigInt(cpu + 1) * 10n, BigInt(cpu + 1) * 100n];
      writeFileSync(file, Buffer.from(BigUint64Array.from(numbers).buffer));
      const descriptor = openSync(file, "r");
      opened.delete(descriptor);
      opened.set(
        descriptor,
        `${event} cpu ${cpu} ${pid < 0 ? "all" : "cgroup"} ${group < 0 ? "leads" : "follows"}`,
      );
      return descriptor;
    },
    ioctl: () => 0,
  };
}

function openEvents(config: object, { isPerCpu = false, most = 1000 } = {}): PerfEvents {
  return new PerfEvents({
    libc: fakeLibc(),
    config: parsePerfConfig(JSON.stringify(config)),
    files,
    sysRoot: kernel.sysRoot,
    cgroupRoot: kernel.cgroupRoot,
    absences,
    isPerCpu,
    most,
  });
}

function openProbe(perf: PerfEvents | undefined, id = "/shop"): Probe | undefined {
  const host: Host = { ...kernel.host(), files, ...(perf === undefined ? {} : { perf }) };
  return perfEvent.open(cgroupAt(kernel.hierarchies, id), host);
}

function readSeries(probe: Probe, usage = Number.NaN): Record<string, number[]> {
  const row = new Float64Array(ROW_WIDTH).fill(Number.NaN);
  row[columnOf(cpuMetrics.usage)] = usage;
  probe.read(row, NO_LIMITS);
  return Object.fromEntries([...probe.series!].map(([key, values]) => [key, [...values]]));
}

function reasons(): string[] {
  return [...absences.all].map(({ what, reason }) => `${what}: ${reason}`);
}

function stillOpen(): string[] {
  return [...opened].filter(([descriptor]) => isOpen(descriptor)).map(([, event]) => event);
}

function isOpen(descriptor: number): boolean {
  return existsSync(`/proc/self/fd/${descriptor}`);
}

beforeEach(() => {
  kernel = new FakeKernel("empty-v2");
  kernel.write("shop/cgroup.procs", "");
  kernel.sys("devices/system/cpu/online", "0-1\n");
  files = new KernelFiles(1000);
  absences = new Absences();
  opened = new Map();
  errors = {};
});

afterEach(() => kernel[Symbol.dispose]());

describe("perf events", () => {
  const group = { core: { events: [["task-clock", "page-faults"]] } };

  it("are counted for the cgroup on each CPU, in groups", () => {
    const probe = openProbe(openEvents(group))!;
    expect(stillOpen()).toEqual([
      "1:1 cpu 0 cgroup leads",
      "1:2 cpu 0 cgroup follows",
      "1:1 cpu 1 cgroup leads",
      "1:2 cpu 1 cgroup follows",
    ]);
    expect(readSeries(probe)).toEqual({
      'cpu="",event="task-clock"': [30, 1, NaN, NaN],
      'cpu="",event="page-faults"': [300, 1, NaN, NaN],
    });
    expect(files.open).toBe(4);
    probe.close();
    expect(stillOpen()).toEqual([]);
    expect(files.open).toBe(0);
  });

  it("are one series for each CPU where the group percpu is on", () => {
    const probe = openProbe(openEvents(group, { isPerCpu: true }))!;
    expect(readSeries(probe)).toEqual({
      'cpu="0",event="task-clock"': [10, 1, NaN, NaN],
      'cpu="0",event="page-faults"': [100, 1, NaN, NaN],
      'cpu="1",event="task-clock"': [20, 1, NaN, NaN],
      'cpu="1",event="page-faults"': [200, 1, NaN, NaN],
    });
    probe.close();
  });

  it("are not read again while the cgroup stands still", () => {
    const probe = openProbe(openEvents(group))!;
    // The fake's files have nothing more to read after the first time.
    const failures = [7, 7, 7, 7, 8].map((usage) => {
      expect(readSeries(probe, usage)['cpu="",event="task-clock"']).toEqual([30, 1, NaN, NaN]);
      return files.failures.get("other") ?? 0;
    });
    expect(failures).toEqual([0, 2, 2, 2, 4]);
    probe.close();
  });

  it("that this machine does not have, or that the kernel refuses, are absent and told once", () => {
    errors = { "0:0": -2, "1:3": -13 };
    const perf = openEvents({
      core: { events: ["cycles", "nonsense", "page-faults", ["task-clock", "context-switches"]] },
    });
    const probe = openProbe(perf)!;
    expect(Object.keys(readSeries(probe))).toEqual(['cpu="",event="page-faults"']);
    expect(reasons()).toEqual([
      "nonsense: unknown_event",
      "cycles: refused",
      "task-clock, context-switches: refused",
    ]);
    expect([...absences.all][2]?.detail).toContain("CAP_PERFMON");
    probe.close();
    expect(stillOpen()).toEqual([]);
  });

  it("are none where there are none to count, or nobody asks", () => {
    expect(openProbe(openEvents({}))).toBeUndefined();
    expect(openProbe(undefined)).toBeUndefined();
    expect(reasons()).toEqual([]);
  });

  it("have a limit on descriptors, and give them back", () => {
    mkdirSync(join(kernel.cgroupRoot, "second"));
    const perf = openEvents(group, { most: 6 });
    const first = openProbe(perf)!;
    expect(openProbe(perf, "/second")).toBeUndefined();
    expect(reasons()).toEqual(["some cgroups: limit"]);
    first.close();
    openProbe(perf, "/second")!.close();
    expect(files.open).toBe(0);
  });

  it("leave room for kernel files", () => {
    files = new KernelFiles(3);
    expect(openProbe(openEvents(group))).toBeUndefined();
    expect(reasons()).toEqual(["some cgroups: limit"]);
    expect(files.open).toBe(0);
  });

  it("are none for a cgroup that is in no hierarchy that counts them", () => {
    expect(openProbe(openEvents(group), "/gone")).toBeUndefined();
    expect(reasons()).toEqual(["some cgroups: no_cgroup"]);
    expect(files.open).toBe(0);
  });

  it("are counted in v1's own hierarchy where that is mounted", () => {
    kernel.write("perf_event/elsewhere/tasks", "");
    const perf = openEvents(group);
    expect(openProbe(perf)).toBeUndefined();
    openProbe(perf, "/elsewhere")!.close();
  });
});

describe("uncore events", () => {
  const config = {
    uncore: { events: [["uncore_imc/reads", "uncore_imc/writes"], "uncore_cha/x"] },
  };

  beforeEach(() => {
    const device = (path: string, text: string): void =>
      kernel.sys(`bus/event_source/devices/${path}`, `${text}\n`);
    for (const number of [0, 1]) {
      device(`uncore_imc_${number}/type`, String(18 + number));
      device(`uncore_imc_${number}/cpumask`, "0,1,2");
      device(`uncore_imc_${number}/format/event`, "config:0-7");
      device(`uncore_imc_${number}/events/reads`, "event=0x4");
      device(`uncore_imc_${number}/events/writes`, "event=0xc");
    }
    // Two dies of one socket count each for itself.
    for (const [cpu, socket] of [0, 0, 1].entries()) {
      kernel.sys(`devices/system/cpu/cpu${cpu}/topology/physical_package_id`, `${socket}\n`);
    }
  });

  it("are the machine's, by socket and unit, never two series with the same labels", () => {
    const perf = openEvents(config);
    expect(openProbe(perf)).toBeUndefined();
    const probe = openProbe(perf, "/")!;
    const labels = (socket: number, event: string, unit: number): string =>
      `socket="${socket}",event="uncore_imc/${event}",pmu="uncore_imc_${unit}"`;
    expect(readSeries(probe)).toEqual({
      [labels(0, "reads", 0)]: [NaN, NaN, 30, 1],
      [labels(0, "writes", 0)]: [NaN, NaN, 300, 1],
      [labels(1, "reads", 0)]: [NaN, NaN, 30, 1],
      [labels(1, "writes", 0)]: [NaN, NaN, 300, 1],
      [labels(0, "reads", 1)]: [NaN, NaN, 30, 1],
      [labels(0, "writes", 1)]: [NaN, NaN, 300, 1],
      [labels(1, "reads", 1)]: [NaN, NaN, 30, 1],
      [labels(1, "writes", 1)]: [NaN, NaN, 300, 1],
    });
    expect(stillOpen()[0]).toBe("18:4 cpu 0 all leads");
    expect(reasons()).toEqual(["uncore_cha/x: refused"]);
    probe.close();
    expect(files.open).toBe(0);
  });

  it("are left out where one of a group is refused, the others not", () => {
    errors = { "18:12": -95 };
    const probe = openProbe(openEvents(config), "/")!;
    expect(Object.keys(readSeries(probe)).every((key) => key.includes("uncore_imc_1"))).toBe(true);
    expect(reasons()).toContain("uncore_imc/reads, uncore_imc/writes: refused");
    probe.close();
    expect(stillOpen()).toEqual([]);
  });
});

describe("absences", () => {
  it("are told once each, and counted", () => {
    const absence = { collector: "perf_event", what: "cycles", reason: "refused", detail: "no" };
    for (const what of ["cycles", "cycles", "branches"]) absences.add({ ...absence, what });
    absences.add({ ...absence, collector: "resctrl", what: "all" });
    expect([...absences.all].map(({ what }) => what)).toEqual(["cycles", "branches", "all"]);
    expect([...absences.counts()]).toEqual([
      { collector: "perf_event", reason: "refused", count: 3 },
      { collector: "resctrl", reason: "refused", count: 1 },
    ]);
  });
});
