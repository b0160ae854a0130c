import { afterEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Probe } from "../../../agent/collectors/collector.ts";
import { parseUsagePercpu, percpu } from "../../../agent/collectors/percpu.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const FILE = "cpuacct/docker/web/cpuacct.usage_percpu";

let kernel: FakeKernel;
afterEach(() => kernel[Symbol.dispose]());

function seriesOf(probe: Probe): Record<string, number> {
  const cells = [...(probe.series ?? [])].map(([label, values]) => [label, values[0]!] as const);
  return Object.fromEntries(cells.filter(([, value]) => !Number.isNaN(value)));
}

function parsed(text: string): [boolean, Record<string, number>] {
  const into = new Map<string, Float64Array>();
  // What stands behind the text is of a file that was read before.
  const bytes = new TextEncoder().encode(`${text} 99 99\n`);
  const isWhole = parseUsagePercpu({ bytes, length: text.length }, into);
  return [isWhole, Object.fromEntries([...into].map(([label, values]) => [label, values[0]!]))];
}

describe("CPU time by CPU", () => {
  it("is read on v1, only of those that were used", () => {
    kernel = new FakeKernel("cgroup-v1");
    const probe = probeOf(kernel, kernel.host(), percpu, "/docker/web");
    sampleOf(probe);
    expect(seriesOf(probe)).toEqual({ 'cpu="cpu00"': 394_683_337, 'cpu="cpu01"': 400_000_000 });
    kernel.write(FILE, "0 7 0 \n");
    sampleOf(probe);
    expect(seriesOf(probe)).toEqual({ 'cpu="cpu01"': 7 });
  });

  it("is not there on v2", () => {
    kernel = new FakeKernel("cgroup-v2");
    const cgroup = cgroupAt(kernel.hierarchies, `/system.slice/docker-${V2_ID}.scope`);
    expect(percpu.open(cgroup, kernel.host())).toBeUndefined();
  });

  it("is not read again at a standstill, and kept", () => {
    kernel = new FakeKernel("cgroup-v1");
    const host = kernel.host();
    const probe = probeOf(kernel, host, percpu, "/docker/web");
    for (let sample = 0; sample < 4; sample++) sampleOf(probe, { usage: 5 });
    expect(host.files.reads).toBe(2);
    expect(Object.keys(seriesOf(probe))).toHaveLength(2);
    kernel.write(FILE, "5 1\n");
    sampleOf(probe, { usage: 6 });
    expect(seriesOf(probe)).toEqual({ 'cpu="cpu00"': 5, 'cpu="cpu01"': 1 });
  });

  it("is absent, so that the total is shown, while its file can't be read or understood", () => {
    kernel = new FakeKernel("cgroup-v1");
    const host = kernel.host();
    const probe = probeOf(kernel, host, percpu, "/docker/web");
    sampleOf(probe);
    for (const text of ["garbage\n", "", "12", "1 2", "1 x\n", "1 -2\n"]) {
      kernel.write(FILE, text);
      sampleOf(probe);
      expect(seriesOf(probe), text).toEqual({});
    }
    expect(host.files.failures.get("malformed")).toBe(6);
    kernel.write(FILE, "1 2 \n");
    sampleOf(probe);
    expect(seriesOf(probe)).toEqual({ 'cpu="cpu00"': 1, 'cpu="cpu01"': 2 });
  });

  it("is numbered as cAdvisor numbers it", () => {
    const many = Array.from({ length: 101 }, (_, cpu) => cpu + 1).join(" ");
    const [isWhole, labels] = parsed(`${many} \n`);
    expect(isWhole).toBe(true);
    expect(Object.keys(labels)).toHaveLength(101);
    expect(labels).toMatchObject({ 'cpu="cpu00"': 1, 'cpu="cpu09"': 10, 'cpu="cpu100"': 101 });
    expect(parsed("1 2 ")[0]).toBe(false);
    expect(parsed("\n")[0]).toBe(false);
  });
});
