import { describe, expect, it } from "vitest";

import {
  countDistinct,
  parseCpuList,
  parseMeminfo,
  readMachine,
} from "../../../agent/machine/machine.ts";

describe("the machine", () => {
  it("has as many CPUs as the list names", () => {
    expect(parseCpuList("0-3\n")).toBe(4);
    expect(parseCpuList("0,2-3,8-15\n")).toBe(11);
    expect(parseCpuList("0")).toBe(1);
    expect(parseCpuList("\n")).toBe(0);
  });

  it("has memory in bytes, or says nothing of it", () => {
    const meminfo = "MemTotal:       24684084 kB\nMemFree:  1 kB\nSwapTotal:             0 kB\n";
    expect(parseMeminfo(meminfo, "MemTotal")).toBe(24_684_084 * 1024);
    expect(parseMeminfo(meminfo, "SwapTotal")).toBe(0);
    expect(parseMeminfo(meminfo, "Hugepagesize")).toBeUndefined();
  });

  it("has cores and sockets where the kernel tells them", () => {
    const processor = (socket: number, core: number): string =>
      `processor\t: 0\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
    const cpuinfo = [processor(0, 0), processor(0, 0), processor(0, 1), processor(1, 0)].join("\n");
    expect(countDistinct(cpuinfo, ["physical id"])).toBe(2);
    expect(countDistinct(cpuinfo, ["physical id", "core id"])).toBe(3);
    expect(countDistinct("processor\t: 0\nBogoMIPS\t: 50.00\n", ["physical id"])).toBeUndefined();
  });

  it("is read without a complaint where nothing is to be read", () => {
    expect(readMachine("/nowhere", "/nowhere")).toMatchObject({
      cpuCores: 0,
      memoryBytes: 0,
      swapBytes: undefined,
      bootId: "",
    });
  });
});
