import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type Machine, readMachine } from "../../../agent/machine/machine.ts";
import { FakeMachine } from "./fake-machine.ts";

let fake: FakeMachine;

beforeEach(() => {
  fake = new FakeMachine();
});

afterEach(() => fake[Symbol.dispose]());

function read(): Promise<Machine> {
  return readMachine(fake.files, 0);
}

describe("a machine's devices", () => {
  it("memory modules are counted by type", async () => {
    const mc = "sys/devices/system/edac/mc";
    fake.write({
      [`${mc}/mc0/dimm0/dimm_mem_type`]: "Unbuffered-DDR4",
      [`${mc}/mc0/dimm0/size`]: 16_384,
      [`${mc}/mc1/dimm0/dimm_mem_type`]: "Unbuffered-DDR4",
      [`${mc}/mc1/dimm0/size`]: 8192,
      [`${mc}/mc1/rank7/dimm_mem_type`]: "Registered-DDR3",
      [`${mc}/mc1/rank7/size`]: 1,
      [`${mc}/mc1/csrow0/size_mb`]: 99,
      [`${mc}/mc1/dimm3/size`]: 4096,
    });
    expect((await read()).dimms).toEqual([
      { type: "Registered-DDR3", count: 1, capacityBytes: 2 ** 20 },
      { type: "Unbuffered-DDR4", count: 2, capacityBytes: 24 * 2 ** 30 },
    ]);
  });

  it("persistent memory is the sum of its regions", async () => {
    const nd = "sys/bus/nd/devices";
    fake.write({
      [`${nd}/region0/devtype`]: "nd_pmem",
      [`${nd}/region0/size`]: 270_582_939_648,
      [`${nd}/region1/devtype`]: "nd_pmem",
      [`${nd}/region1/size`]: 1024,
      [`${nd}/region2/devtype`]: "nd_volatile",
      [`${nd}/region2/size`]: 4096,
      [`${nd}/namespace0.0/size`]: 4096,
    });
    expect((await read()).persistentMemoryBytes).toBe(270_582_940_672);
  });

  it("disks have their numbers and their scheduler", async () => {
    fake.write({
      "sys/block/nvme0n1/dev": "259:0",
      "sys/block/nvme0n1/size": 1_000_215_216,
      "sys/block/nvme0n1/queue/scheduler": "[none] mq-deadline kyber",
      "sys/block/sda/dev": "8:0",
      "sys/block/sda/size": 2,
      "sys/block/sda/queue/scheduler": "none [mq-deadline] bfq",
      "sys/block/dm-0/dev": "253:0",
      "sys/block/dm-0/size": 0,
      "sys/block/loop0/dev": "7:0",
      "sys/block/loop0/size": 8,
      "sys/block/nvme0c0n1/size": 8,
    });
    expect((await read()).disks).toEqual([
      { name: "dm-0", major: 253, minor: 0, sizeBytes: 0, scheduler: "none" },
      { name: "nvme0n1", major: 259, minor: 0, sizeBytes: 512_110_190_592, scheduler: "none" },
      { name: "sda", major: 8, minor: 0, sizeBytes: 1024, scheduler: "mq-deadline" },
    ]);
  });

  it("network devices have an address and a speed, if there is a link", async () => {
    const device = (name: string, speed: number): Record<string, string | number> => ({
      [`sys/class/net/${name}/address`]: "52:54:00:12:34:56",
      [`sys/class/net/${name}/mtu`]: 1500,
      [`sys/class/net/${name}/speed`]: speed,
    });
    for (const name of ["lo", "docker0", "veth12ab"]) fake.write(device(name, 10));
    fake.write({ ...device("eth0", 10_000), ...device("eth1", -1) });
    fake.write({ "sys/class/net/bonding_masters": "bond0" });
    expect((await read()).networkDevices).toEqual([
      { name: "eth0", macAddress: "52:54:00:12:34:56", mtu: 1500, speed: 10_000 },
      { name: "eth1", macAddress: "52:54:00:12:34:56", mtu: 1500, speed: undefined },
    ]);
  });
});

describe("a machine's names", () => {
  it("are those of the host", async () => {
    fake.write({
      "rootfs/var/lib/dbus/machine-id": "second",
      "rootfs/proc/sys/kernel/random/boot_id": "boot",
      "rootfs/etc/os-release": 'NAME=x\nPRETTY_NAME="A \\"good\\" system"',
      "proc/sys/kernel/osrelease": "6.1.0",
      "sys/class/dmi/id/product_uuid": "uuid",
    });
    const names = { machineId: "second", bootId: "boot", systemUuid: "uuid" };
    const versions = { kernelVersion: "6.1.0", osVersion: 'A "good" system' };
    expect(await read()).toMatchObject({ ...names, ...versions });
    fake.write({ "rootfs/etc/machine-id": "first" });
    expect((await read()).machineId).toBe("first");
  });

  it("come from the device tree where there is no DMI, and else from what there is", async () => {
    fake.write({ "rootfs/etc/machine-id": "id", "proc/sys/kernel/random/boot_id": "boot" });
    expect(await read()).toMatchObject({ systemUuid: "id", bootId: "boot", osVersion: "Linux" });
    fake.write({ "proc/device-tree/system-id": "IBM,1\0" });
    fake.write({ "rootfs/usr/lib/os-release": "PRETTY_NAME=Plain" });
    expect(await read()).toMatchObject({ systemUuid: "IBM,1", osVersion: "Plain" });
  });
});
