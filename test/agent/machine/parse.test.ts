import { describe, expect, it } from "vitest";

import { parseCpuList } from "../../../agent/machine/cpu-list.ts";
import { parseCpuInfo } from "../../../agent/machine/cpuinfo.ts";
import { parseMeminfo } from "../../../agent/machine/meminfo.ts";

describe("a list of CPUs", () => {
  it("names each of them", () => {
    expect(parseCpuList("0-3\n")).toEqual([0, 1, 2, 3]);
    expect(parseCpuList("0,2-3,8-9\n")).toEqual([0, 2, 3, 8, 9]);
    expect(parseCpuList("0")).toEqual([0]);
  });

  it.each(["\n", "", "a", "1-", "0-99999999999", "0,,1"])("%j names none", (text) => {
    expect(parseCpuList(text)).toEqual([]);
  });
});

describe("meminfo", () => {
  it("is in bytes, or says nothing", () => {
    const meminfo = "MemTotal:       24684084 kB\nMemFree:  1 kB\nSwapTotal:             0 kB\n";
    expect(parseMeminfo(meminfo, "MemTotal")).toBe(24_684_084 * 1024);
    expect(parseMeminfo(meminfo, "SwapTotal")).toBe(0);
    expect(parseMeminfo(meminfo, "Hugepagesize")).toBeUndefined();
    expect(parseMeminfo("Node 1 MemTotal:  2 kB\n", "MemTotal")).toBe(2048);
  });
});

describe("cpuinfo", () => {
  it("is understood on PowerPC, s390 and where it says nothing", () => {
    const power = "processor\t: 0\ncpu\t\t: POWER9\nclock\t\t: 3800.000000MHz\n";
    expect(parseCpuInfo(power)).toMatchObject({ processors: 1, frequencyKhz: 3_800_000 });
    const s390 = "vendor_id       : IBM/S390\nprocessor 0: version = FF,  identification = 1\n";
    expect(parseCpuInfo(s390)).toMatchObject({ processors: 1, vendorId: "IBM/S390" });
    expect(parseCpuInfo("")).toEqual({
      processors: 0,
      vendorId: "",
      frequencyKhz: undefined,
      cores: undefined,
      sockets: undefined,
    });
  });
});
