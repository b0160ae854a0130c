import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type Machine, readMachine } from "../../../agent/machine/machine.ts";
import { FakeMachine } from "./fake-machine.ts";

const NOW = Date.parse("2026-11-21T06:15:30Z");

let fake: FakeMachine;

beforeEach(() => {
  fake = new FakeMachine();
});

afterEach(() => fake[Symbol.dispose]());

function read(): Promise<Machine> {
  return readMachine(fake.files, NOW);
}

/** One socket, two cores of two threads each, a cache that all share. */
function smallMachine(): void {
  const l3 = { id: 0, level: 3, type: "Unified", size: "8192K", cpus: "0-3" };
  for (const [number, core] of [0, 1, 0, 1].entries()) {
    const threads = `${core},${core + 2}`;
    const own = { id: core, cpus: threads };
    const caches = [
      { ...own, level: 1, type: "Data", size: "32K" },
      { ...own, level: 1, type: "Instruction", size: "64K" },
      { ...own, level: 2, type: "Unified", size: "1M" },
      l3,
    ];
    fake.cpu(number, { core, socket: 0, threads, caches });
  }
  fake.node(0, { cpulist: "0-3", meminfo: "Node 0 MemTotal:       1000 kB", distance: "10" });
  fake.write({
    "sys/devices/system/cpu/online": "0-3",
    "proc/meminfo": "MemTotal:       1024 kB\nMemFree:  1 kB\nSwapTotal:             0 kB",
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu MHz\t\t: 2596.138\n",
  });
}

describe("a machine of one socket with two threads a core", () => {
  beforeEach(smallMachine);

  it("has its counts", async () => {
    expect(await read()).toMatchObject({
      readAt: NOW,
      isStale: false,
      vendorId: "GenuineIntel",
      cpuCores: 4,
      physicalCores: 2,
      sockets: 1,
      books: undefined,
      drawers: undefined,
      cpuFrequencyKhz: 2_596_138,
      memoryBytes: 1024 * 1024,
      swapBytes: 0,
      dimms: [],
      persistentMemoryBytes: undefined,
    });
  });

  it("has its cores on a node, with their caches", async () => {
    const [node] = (await read()).nodes;
    expect(node).toMatchObject({
      id: 0,
      memoryBytes: 1000 * 1024,
      distances: [10],
      caches: [{ id: 0, level: 3, type: "Unified", sizeBytes: 8_388_608 }],
    });
    expect(node?.cores.map(({ id, threads }) => [id, threads])).toEqual([
      [0, [0, 2]],
      [1, [1, 3]],
    ]);
    expect(node?.cores[1]).toMatchObject({ socketId: 0, uncoreCaches: [] });
    expect(node?.cores[1]?.caches).toEqual([
      { id: 1, level: 1, type: "Data", sizeBytes: 32_768 },
      { id: 1, level: 1, type: "Instruction", sizeBytes: 65_536 },
      { id: 1, level: 2, type: "Unified", sizeBytes: 1_048_576 },
    ]);
  });

  it("has the frequency that its driver tells as the greatest", async () => {
    fake.write({ "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": 4_700_000 });
    expect((await read()).cpuFrequencyKhz).toBe(4_700_000);
  });
});

describe("a machine of two nodes", () => {
  it("has distances, memory and huge pages by node, numbers with gaps", async () => {
    fake.cpu(0, { core: 0, socket: 0, threads: "0" });
    fake.cpu(1, { core: 0, socket: 1, threads: "1" });
    const pool = "hugepages/hugepages-2048kB/nr_hugepages";
    fake.node(0, {
      cpulist: "0",
      meminfo: "Node 0 MemTotal: 10 kB",
      distance: "10 21",
      [pool]: 4,
      "hugepages/hugepages-1048576kB/nr_hugepages": 1,
    });
    fake.node(2, { cpulist: "1", meminfo: "Node 2 MemTotal: 20 kB", distance: "21 10", [pool]: 0 });
    fake.write({
      "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": 4,
      "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages": 1,
    });
    const machine = await read();
    expect(machine).toMatchObject({ physicalCores: 2, sockets: 2 });
    expect(machine.hugepages).toEqual([
      { pageSize: 2048, pages: 4 },
      { pageSize: 1_048_576, pages: 1 },
    ]);
    expect(machine.nodes).toMatchObject([
      { id: 0, memoryBytes: 10_240, distances: [10, 21], hugepages: machine.hugepages },
      { id: 2, memoryBytes: 20_480, distances: [21, 10], hugepages: [{ pages: 0 }] },
    ]);
    expect(machine.nodes.map(({ cores }) => cores.map(({ threads }) => threads))).toEqual([
      [[0]],
      [[1]],
    ]);
  });

  it("may have a node of memory alone", async () => {
    fake.node(0, { cpulist: "", meminfo: "Node 0 MemTotal: 20 kB", distance: "10" });
    expect((await read()).nodes).toMatchObject([{ memoryBytes: 20_480, cores: [], caches: [] }]);
  });
});

describe("odd machines", () => {
  it("a hybrid CPU has cores of one thread and of two, and caches that four of them share", async () => {
    const cluster = { level: 2, type: "Unified", size: "2048K", cpus: "2-5", id: 8 };
    for (const number of [0, 1]) {
      const own = { level: 2, type: "Unified", size: "1280K", cpus: "0-1" };
      fake.cpu(number, { core: 0, socket: 0, threads: "0-1", caches: [own] });
    }
    for (const number of [2, 3, 4, 5]) {
      fake.cpu(number, {
        core: 6 + number,
        socket: 0,
        threads: String(number),
        caches: [cluster],
      });
    }
    fake.node(0, { cpulist: "0-5", distance: "10" });
    const machine = await read();
    expect(machine).toMatchObject({ physicalCores: 5, sockets: 1 });
    const [node] = machine.nodes;
    expect(node?.caches).toEqual([]);
    expect(node?.cores.map(({ caches, uncoreCaches }) => [caches.length, uncoreCaches])).toEqual([
      [1, []],
      ...[2, 3, 4, 5].map(() => [0, [{ id: 8, level: 2, type: "Unified", sizeBytes: 2_097_152 }]]),
    ]);
  });

  it("an ARM board tells no sockets in cpuinfo, and has no numbers of its caches", async () => {
    const l2 = { level: 2, type: "Unified", size: "512K", cpus: "0-1" };
    fake.cpu(0, { core: 0, socket: -1, threads: "0", caches: [l2] });
    fake.cpu(1, { core: 1, socket: -1, threads: "1", caches: [l2] });
    fake.write({ "proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\n" });
    const machine = await read();
    expect(machine).toMatchObject({
      vendorId: "",
      cpuCores: 2,
      physicalCores: 2,
      sockets: 1,
      cpuFrequencyKhz: undefined,
    });
    // Without NUMA in the kernel the socket stands for a node.
    expect(machine.nodes).toMatchObject([
      { id: 0, memoryBytes: undefined, caches: [{ id: 0, level: 2, sizeBytes: 524_288 }] },
    ]);
  });

  it("dies may number their cores alike: each core is one all the same", async () => {
    fake.cpu(0, { core: 0, socket: 0, threads: "0" });
    fake.cpu(1, { core: 0, socket: 0, threads: "1" });
    fake.node(0, { cpulist: "0-1", distance: "10" });
    const machine = await read();
    expect(machine.physicalCores).toBe(2);
    expect(machine.nodes[0]?.cores.map(({ id }) => id)).toEqual([0, 1]);
  });

  it("s390 has books and drawers, each numbering what is in it", async () => {
    fake.cpu(0, { core: 0, socket: 0, book: 0, drawer: 0, threads: "0" });
    fake.cpu(1, { core: 1, socket: 0, book: 1, drawer: 0, threads: "1" });
    fake.cpu(2, { core: 2, socket: 0, book: 0, drawer: 1, threads: "2" });
    fake.write({ "proc/cpuinfo": "vendor_id       : IBM/S390\n# processors    : 3\n" });
    const machine = await read();
    expect(machine).toMatchObject({ vendorId: "IBM/S390", sockets: 3, books: 3, drawers: 2 });
    expect(machine.nodes.flatMap(({ cores }) => cores)[1]).toMatchObject({
      bookId: "1",
      drawerId: "0",
    });
  });

  it("a CPU that is off has no topology and is no core", async () => {
    fake.cpu(0, { core: 0, socket: 0, threads: "0" });
    fake.write({ "sys/devices/system/cpu/cpu1/online": 0, "sys/devices/system/cpu/online": 0 });
    expect(await read()).toMatchObject({ cpuCores: 1, physicalCores: 1 });
  });

  it("without sysfs the cores are those of cpuinfo", async () => {
    const processor = (socket: number, core: number): string =>
      `processor\t: 0\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
    const cpuinfo = [processor(0, 0), processor(0, 0), processor(0, 1), processor(1, 0)];
    fake.write({ "proc/cpuinfo": cpuinfo.join("\n") });
    expect(await read()).toMatchObject({ cpuCores: 4, physicalCores: 3, sockets: 2 });
  });

  it("one of which nothing can be read says so, and claims nothing", async () => {
    expect(await read()).toMatchObject({
      isStale: true,
      cpuCores: 0,
      memoryBytes: 0,
      physicalCores: undefined,
      sockets: undefined,
      swapBytes: undefined,
      bootId: "",
      nodes: [],
      disks: [],
    });
  });
});

describe("this machine", () => {
  const text = (path: string): string => readFileSync(path, "utf8").trim();
  const files = {
    rootfs: "/",
    procRoot: "/proc",
    sysRoot: "/sys",
    machineIdFiles: ["/etc/machine-id"],
    bootIdFiles: ["/proc/sys/kernel/random/boot_id"],
  };

  it("is as its own files say", async () => {
    const machine = await readMachine(files, NOW);
    const kibibytes = /MemTotal:\s+(\d+)/.exec(text("/proc/meminfo"))?.[1];
    const swap = /SwapTotal:\s+(\d+)/.exec(text("/proc/meminfo"))?.[1];
    expect(machine).toMatchObject({
      memoryBytes: Number(kibibytes) * 1024,
      swapBytes: Number(swap) * 1024,
      kernelVersion: release(),
      bootId: text("/proc/sys/kernel/random/boot_id"),
    });
    expect(machine.cpuCores).toBeGreaterThanOrEqual(availableParallelism());
    const threads = machine.nodes.flatMap(({ cores }) => cores.flatMap((core) => core.threads));
    expect(threads).toHaveLength(machine.cpuCores);
    expect(machine.physicalCores).toBe(machine.nodes.flatMap(({ cores }) => cores).length);
  });

  it("has the disks that the kernel lists", async () => {
    const { disks } = await readMachine(files, NOW);
    const listed = readdirSync("/sys/block").filter((name) => !/^(?:loop|ram|sr)/.test(name));
    expect(disks.map(({ name }) => name)).toEqual(listed.toSorted());
    for (const { name, major, minor, sizeBytes } of disks) {
      const directory = join("/sys/block", name);
      expect(`${major}:${minor}`).toBe(text(join(directory, "dev")));
      expect(sizeBytes / 512).toBe(Number(text(join(directory, "size"))));
    }
  });
});
