import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { namedEvent } from "../../../agent/collectors/perf-names.ts";
import { uncoreEvent, unitsFor } from "../../../agent/collectors/perf-uncore.ts";
import {
  encodeTerms,
  parseCpus,
  parseFormat,
  type PerfUnit,
  readPerfUnits,
} from "../../../agent/collectors/perf-units.ts";
import { FakeKernel } from "../fake-kernel.ts";

let kernel: FakeKernel;
let units: readonly PerfUnit[];

/** Files as a machine with a core unit and two memory controllers has them. */
beforeEach(() => {
  kernel = new FakeKernel("empty-v2");
  const device = (path: string, text: string): void =>
    kernel.sys(`bus/event_source/devices/${path}`, `${text}\n`);
  device("cpu/type", "4");
  device("cpu/format/event", "config:0-7");
  device("cpu/format/umask", "config:8-15");
  device("cpu/format/inv", "config:23");
  device("cpu/format/ldlat", "config1:0-15");
  device("cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3");
  device("cpu/events/topdown", "event=0x00,metric=1");
  for (const number of [0, 1]) {
    device(`uncore_imc_${number}/type`, String(18 + number));
    device(`uncore_imc_${number}/cpumask`, "0,18");
    device(`uncore_imc_${number}/format/event`, "config:0-7");
    device(`uncore_imc_${number}/format/umask`, "config:8-15");
    device(`uncore_imc_${number}/events/cas_count_read`, "event=0x04,umask=0x03");
  }
  device("broken/type", "none");
  units = readPerfUnits(kernel.sysRoot);
});

afterEach(() => kernel[Symbol.dispose]());

/** The type and the words of an event, as `type config config1`. */
function numbers(name: string): string | undefined {
  const event = namedEvent(name, units);
  if (event === undefined) return undefined;
  const only = event.only === undefined ? "" : ` ${event.only}`;
  return `${event.type} ${event.config.toString(16)} ${event.config1.toString(16)}${only}`;
}

describe("the name of an event", () => {
  it.each([
    ["cycles", "0 0 0"],
    ["cpu-cycles", "0 0 0"],
    ["PERF_COUNT_HW_CPU_CYCLES", "0 0 0"],
    ["instructions", "0 1 0"],
    ["cache-references", "0 2 0"],
    ["cache-misses", "0 3 0"],
    ["branches", "0 4 0"],
    ["branch-misses", "0 5 0"],
    ["bus-cycles", "0 6 0"],
    ["stalled-cycles-frontend", "0 7 0"],
    ["stalled-cycles-backend", "0 8 0"],
    ["ref-cycles", "0 9 0"],
    ["cpu-clock", "1 0 0"],
    ["task-clock", "1 1 0"],
    ["page-faults", "1 2 0"],
    ["context-switches", "1 3 0"],
    ["cpu-migrations", "1 4 0"],
    ["minor-faults", "1 5 0"],
    ["major-faults", "1 6 0"],
    ["alignment-faults", "1 7 0"],
    ["emulation-faults", "1 8 0"],
    ["bpf-output", "1 a 0"],
    ["cgroup-switches", "1 b 0"],
    ["L1-dcache-loads", "3 0 0"],
    ["L1-dcache-load-misses", "3 10000 0"],
    ["L1-icache-load-misses", "3 10001 0"],
    ["LLC-stores", "3 102 0"],
    ["dTLB-store-misses", "3 10103 0"],
    ["iTLB-load-misses", "3 10004 0"],
    ["node-prefetches", "3 206 0"],
    ["r01c2", "4 1c2 0"],
    ["mem-loads", "4 1cd 3"],
    ["cpu/mem-loads/", "4 1cd 3"],
    ["cpu/event=0x3c,inv/", "4 80003c 0"],
    ["cpu/config=0x1122334455667788/", "4 1122334455667788 0"],
    ["instructions:u", "0 1 0 user"],
    ["instructions:k", "0 1 0 kernel"],
    ["instructions:uk", "0 1 0"],
  ])("%s is found", (name, expected) => {
    expect(numbers(name)).toBe(expected);
  });

  it.each(["cycle", "", "topdown", "gpu/busy/", "cpu/../type/", "cpu/nothing", "rxyz", "cycles:x"])(
    "%j is nobody's",
    (name) => {
      expect(numbers(name)).toBeUndefined();
    },
  );
});

describe("the units of a machine", () => {
  it("are those with a number, and say which CPUs count for others", () => {
    expect(units.map(({ name, type, cpus }) => [name, type, cpus])).toEqual([
      ["cpu", 4, undefined],
      ["uncore_imc_0", 18, [0, 18]],
      ["uncore_imc_1", 19, [0, 18]],
    ]);
    expect(readPerfUnits("/nowhere")).toEqual([]);
  });

  it.each([
    ["0-3,8", [0, 1, 2, 3, 8]],
    ["0\n", [0]],
    ["", []],
    ["3-1", []],
    ["x,2", [2]],
  ])("have lists of CPUs such as %j", (text, cpus) => {
    expect(parseCpus(text)).toEqual(cpus);
  });

  it("have formats with several ranges of bits", () => {
    expect(parseFormat("config1:0-1,32-33\n")).toEqual({ config: "config1", bits: [0, 1, 32, 33] });
    expect(parseFormat("config3:0-1")).toBeUndefined();
    const format = (): string => "config1:0-1,32-33";
    expect(encodeTerms(9, "event=0xf", format)?.config1).toBe(0x3_0000_0003n);
  });
});

describe("an uncore event", () => {
  const set = {
    groups: [],
    custom: new Map([
      ["uncore_imc_1/mine", { type: 0, config: [5n] }],
      ["all_mine", { type: 19, config: [6n, 7n] }],
    ]),
  };

  it("is counted by each unit whose name begins as the event's", () => {
    const found = unitsFor("uncore_imc/cas_count_read", set, units);
    expect(found.map(({ type }) => type)).toEqual([18, 19]);
    expect(
      found.map((unit) => uncoreEvent("uncore_imc/cas_count_read", set, unit)?.config),
    ).toEqual([0x304n, 0x304n]);
  });

  it("has the numbers that were given, on the unit of its name or of its type", () => {
    const [byName] = unitsFor("uncore_imc_1/mine", set, units);
    expect(uncoreEvent("uncore_imc_1/mine", set, byName!)).toMatchObject({ type: 19, config: 5n });
    const [byType] = unitsFor("all_mine", set, units);
    expect(byType?.name).toBe("uncore_imc_1");
    expect(uncoreEvent("all_mine", set, byType!)).toMatchObject({ config: 6n, config1: 7n });
  });

  it.each(["cas_count_read", "/cas_count_read", "cpu/mem-loads", "other/cas_count_read"])(
    "%s has no unit",
    (name) => {
      expect(unitsFor(name, set, units)).toEqual([]);
    },
  );
});
