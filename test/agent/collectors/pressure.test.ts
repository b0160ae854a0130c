import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { pressure } from "../../../agent/collectors/pressure.ts";
import { columnOf, ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { pressureMetrics } from "../../../wire/metrics/pressure.ts";
import { FakeKernel } from "../fake-kernel.ts";

let kernel: FakeKernel;
let host: Host;

function write(cgroup: string, resource: string, total: number): void {
  const text = ["some", "full"].map(
    (who) => `${who} avg10=0.00 avg60=0.00 avg300=0.00 total=${total}\n`,
  );
  kernel.write(`${cgroup}${resource}.pressure`, text.join(""));
}

function open(id: string): Probe {
  const probe = pressure.open(cgroupAt(kernel.hierarchies, id), host);
  if (probe === undefined) throw new Error("no pressure");
  return probe;
}

function ioOf(probe: Probe): number | undefined {
  const row = new Float64Array(ROW_WIDTH).fill(Number.NaN);
  probe.read(row, { cpu_cores: null, memory_bytes: null, pids: null });
  return row[columnOf(pressureMetrics.io.some)];
}

beforeEach(() => {
  kernel = new FakeKernel("empty-v2");
  host = kernel.host();
  for (const resource of ["cpu", "memory", "io"]) {
    write("", resource, 100);
    write("a/", resource, 1);
  }
});

afterEach(() => kernel[Symbol.dispose]());

describe("the pressure on a container", () => {
  it("is read only when somebody on the machine has waited", () => {
    const [machine, container] = [open("/"), open("/a")];
    ioOf(machine);
    expect(ioOf(container)).toBe(1);
    const { reads } = host.files;
    expect(ioOf(container)).toBe(1);
    expect(host.files.reads).toBe(reads);
    write("", "io", 105);
    write("a/", "io", 6);
    expect(ioOf(machine)).toBe(105);
    expect(ioOf(container)).toBe(6);
    // Three files of the machine, one of the container.
    expect(host.files.reads).toBe(reads + 4);
  });

  it("is read each time where the machine's own is not sampled or can't be read", () => {
    const container = open("/a");
    expect(ioOf(container)).toBe(1);
    write("a/", "io", 2);
    expect(ioOf(container)).toBe(2);
    const machine = open("/");
    kernel.write("io.pressure", "garbage");
    ioOf(machine);
    write("a/", "io", 3);
    expect(ioOf(container)).toBe(3);
    ioOf(machine);
    write("a/", "io", 4);
    expect(ioOf(container)).toBe(4);
  });
});
