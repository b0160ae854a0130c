import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Probe } from "../../../agent/collectors/collector.ts";
import { findPageSizes, hugetlb } from "../../../agent/collectors/hugetlb.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";

let kernel: FakeKernel;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
});
afterEach(() => kernel[Symbol.dispose]());

function seriesOf(probe: Probe, usage?: number): (string | number)[][] {
  sampleOf(probe, usage === undefined ? {} : { usage });
  return [...(probe.series ?? [])].map(([label, values]) => [label, ...values]);
}

function writeV1(size: string, [usage, most, refused]: readonly number[]): void {
  kernel.write(`hugetlb${WEB}/hugetlb.${size}.usage_in_bytes`, `${usage}\n`);
  kernel.write(`hugetlb${WEB}/hugetlb.${size}.max_usage_in_bytes`, `${most}\n`);
  kernel.write(`hugetlb${WEB}/hugetlb.${size}.failcnt`, `${refused}\n`);
}

describe("huge pages", () => {
  it("are told by size on v1", () => {
    writeV1("2MB", [4_194_304, 6_291_456, 3]);
    writeV1("1GB", [0, 1_073_741_824, 0]);
    kernel.write(`hugetlb${WEB}/hugetlb.2MB.limit_in_bytes`, "9223372036854771712\n");
    expect(seriesOf(probeOf(kernel, kernel.host(), hugetlb, WEB))).toEqual([
      ['pagesize="1GB"', 0, 1_073_741_824, 0],
      ['pagesize="2MB"', 4_194_304, 6_291_456, 3],
    ]);
  });

  it("are the reserved ones where the kernel counts reservations", () => {
    writeV1("2MB", [2_097_152, 2_097_152, 0]);
    writeV1("2MB.rsvd", [8_388_608, 10_485_760, 1]);
    expect(seriesOf(probeOf(kernel, kernel.host(), hugetlb, WEB))).toEqual([
      ['pagesize="2MB"', 8_388_608, 10_485_760, 1],
    ]);
  });

  it("have no highest usage on v2", () => {
    kernel[Symbol.dispose]();
    kernel = new FakeKernel("empty-v2");
    kernel.write("a/hugetlb.2MB.current", "2097152\n");
    kernel.write("a/hugetlb.2MB.events", "max 5\n");
    kernel.write("a/hugetlb.2MB.max", "max\n");
    expect(seriesOf(probeOf(kernel, kernel.host(), hugetlb, "/a"))).toEqual([
      ['pagesize="2MB"', 2_097_152, NaN, 5],
    ]);
    kernel.write("a/hugetlb.2MB.rsvd.current", "4194304\n");
    expect(seriesOf(probeOf(kernel, kernel.host(), hugetlb, "/a"))).toEqual([
      ['pagesize="2MB"', 4_194_304, NaN, 5],
    ]);
  });

  it("are absent where the controller is off, or says what is no number", () => {
    const host = kernel.host();
    expect(hugetlb.open(cgroupAt(kernel.hierarchies, WEB), host)).toBeUndefined();
    kernel.write(`hugetlb${WEB}/cgroup.procs`, "");
    expect(hugetlb.open(cgroupAt(kernel.hierarchies, WEB), host)).toBeUndefined();
    kernel.write(`hugetlb${WEB}/hugetlb.2MB.usage_in_bytes`, "a lot\n");
    expect(seriesOf(probeOf(kernel, host, hugetlb, WEB))).toEqual([
      ['pagesize="2MB"', NaN, NaN, NaN],
    ]);
    expect([...host.files.failures]).toEqual([["malformed", 1]]);
  });

  it("are not read again while nothing in the cgroup has run", () => {
    writeV1("2MB", [1, 1, 0]);
    const probe = probeOf(kernel, kernel.host(), hugetlb, WEB);
    for (let time = 0; time < 3; time++) seriesOf(probe, 5);
    writeV1("2MB", [2, 2, 0]);
    expect(seriesOf(probe, 5)).toEqual([['pagesize="2MB"', 1, 1, 0]]);
    expect(seriesOf(probe, 6)).toEqual([['pagesize="2MB"', 2, 2, 0]]);
  });
});

describe("page sizes", () => {
  it("are those of which there is a file, whatever comes first", () => {
    const names = ["hugetlb.64KB.rsvd.usage_in_bytes", "hugetlb.64KB.usage_in_bytes", "tasks"];
    for (const order of [names, names.toReversed()]) {
      expect([...findPageSizes(order, 1)]).toEqual([["64KB", "hugetlb.64KB.rsvd."]]);
      expect([...findPageSizes(order, 2)]).toEqual([]);
    }
  });
});
