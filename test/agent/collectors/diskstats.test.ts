import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import type { Books } from "../../../agent/collectors/disk-books.ts";
import { diskIo } from "../../../agent/collectors/disk-io.ts";
import { parseDiskstats } from "../../../agent/collectors/diskstats.ts";
import { diskIoSeries } from "../../../wire/metrics/disk-io.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { mutated } from "./mutated.ts";
import { probeOf, sampleOf } from "./probing.ts";

/** A disk in its three ages: 11 fields, 15 with discards, 17 with flushes. */
const SDA = "   8       0 sda 100 10 2000 1500 200 20 4000 2500 3 3000 4000 5 0 80 1 7 2\n";

const MACHINE =
  SDA +
  "   8       1 sda1 90 9 1800 1400 190 19 3800 2400 0 2900 3900\n" +
  " 259       0 nvme0n1 10 0 80 5 20 0 160 6 0 7 8 0 0 0 0\n" +
  " 259       1 nvme0n1p1 9 0 72 5 19 0 152 6 0 7 8 0 0 0 0\n" +
  " 259       2 nvme1c0n1 4 0 32 5 4 0 32 6 0 7 8 0 0 0 0\n" +
  " 179       0 mmcblk0 1 0 8 1 2 0 16 1 0 1 1\n" +
  " 179       1 mmcblk0p1 1 0 8 1 2 0 16 1 0 1 1\n" +
  "   9       0 md0 50 0 400 0 60 0 480 0 0 0 0\n" +
  " 253       0 dm-0 95 0 1900 1450 195 0 3900 2450 1 2950 3950\n" +
  "   7       0 loop0 5 0 40 1 0 0 0 0 0 1 1\n" +
  "   7       1 loop1 335 0 5360 15 560 0 4480 15 0 32 31\n" +
  "   1       0 ram0 1 0 8 0 1 0 8 0 0 0 0\n" +
  "  11       0 sr0 0 0 0 0 0 0 0 0 0 0 0\n";

let kernel: FakeKernel;
let host: Host;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  host = kernel.host();
  kernel.proc("diskstats", MACHINE);
  const disk = { stat: "", numbers: "" };
  for (const name of ["sda", "nvme0n1", "mmcblk0", "md0", "dm-0", "loop0", "ram0"]) {
    kernel.disk(name, disk);
  }
  for (const name of ["loop1", "sr0"]) kernel.disk(name, { ...disk, size: 0 });
  kernel.disk("nvme1c0n1", { ...disk, hidden: true });
  kernel.sys("block/md0/slaves/nvme0n1/dev", "");
  for (const name of ["sda1", "nvme0n1p1", "mmcblk0p1"]) {
    kernel.sys(`class/block/${name}/size`, "100\n");
  }
});
afterEach(() => kernel[Symbol.dispose]());

function families(probe: Probe, device: string): Record<string, number> {
  const values = probe.series?.get(`device="${device}"`) ?? [];
  const cells = diskIoSeries.map(({ family, scale }, place) => [
    family.name.replace("container_fs_", ""),
    (values[place] ?? NaN) / scale,
  ]);
  return Object.fromEntries(cells.filter(([, value]) => !Number.isNaN(value)));
}

describe("the machine's disks", () => {
  it("have all that the kernel tells of them, times in seconds", () => {
    const probe = probeOf(kernel, host, diskIo, "/");
    sampleOf(probe);
    expect(families(probe, "/dev/sda")).toEqual({
      reads_total: 100,
      reads_merged_total: 10,
      sector_reads_total: 2000,
      reads_bytes_total: 2000 * 512,
      read_seconds_total: 1.5,
      writes_total: 200,
      writes_merged_total: 20,
      sector_writes_total: 4000,
      writes_bytes_total: 4000 * 512,
      write_seconds_total: 2.5,
      io_current: 3,
      io_time_seconds_total: 3,
      io_time_weighted_seconds_total: 4,
    });
  });

  it("are the real ones and their partitions, each once", () => {
    const probe = probeOf(kernel, host, diskIo, "/");
    sampleOf(probe);
    const keys = [...(probe.series?.keys() ?? [])];
    const devices = keys.filter((key) => !key.includes("operation"));
    const names = "sda sda1 nvme0n1 nvme0n1p1 mmcblk0 mmcblk0p1 md0 dm-0 loop0".split(" ");
    expect(devices).toEqual(names.map((name) => `device="/dev/${name}"`));
    const operations = keys.filter((key) => key.includes('device="/dev/sda'));
    expect(operations).toEqual([
      'device="/dev/sda"',
      'device="/dev/sda",major="8",minor="0",operation="Read"',
      'device="/dev/sda",major="8",minor="0",operation="Write"',
      'device="/dev/sda",major="8",minor="0",operation="Discard"',
      'device="/dev/sda1"',
    ]);
  });

  it("are summed without what lies on others", () => {
    expect(sampleOf(probeOf(kernel, host, diskIo, "/"))).toEqual({
      fs_read_bytes: (2000 + 80 + 8) * 512,
      fs_write_bytes: (4000 + 160 + 16) * 512,
      fs_reads: 100 + 10 + 1,
      fs_writes: 200 + 20 + 2,
    });
  });

  it("have no sum where none is known to be a disk", () => {
    kernel.proc("diskstats", "   1       0 ram0 1 0 8 0 1 0 8 0 0 0 0\n");
    expect(sampleOf(probeOf(kernel, host, diskIo, "/"))).toEqual({});
  });

  it("are never a container's", () => {
    const probe = diskIo.open(cgroupAt(kernel.hierarchies, "/docker/web"), host);
    sampleOf(probe!);
    expect(probe?.series?.size).toBe(0);
  });

  it("have what io.cost reckons for the machine as a whole, on v2", () => {
    kernel[Symbol.dispose]();
    kernel = new FakeKernel("empty-v2");
    kernel.proc("diskstats", SDA);
    kernel.disk("sda", { stat: "", numbers: "8:0" });
    kernel.write(
      "io.stat",
      "8:0 rbytes=1 wbytes=1 rios=1 wios=1 cost.vrate=100.00 cost.usage=12\n",
    );
    const probe = probeOf(kernel, kernel.host(), diskIo, "/");
    sampleOf(probe);
    expect(families(probe, "/dev/sda")).toMatchObject({
      io_cost_usage_seconds_total: 0.000012,
      reads_total: 100,
      reads_bytes_total: 2000 * 512,
    });
  });
});

describe("lines of disks", () => {
  const parse = (text: string): Books => {
    const books: Books = { devices: new Map(), operations: new Map() };
    parseDiskstats(text, books);
    return books;
  };

  it("are passed over when they are cut or are no numbers", () => {
    for (const text of [SDA.slice(0, -1), " 8 0 sda 1 2 3\n", SDA.replace("4000", "4x")]) {
      expect(parse(text).devices.size).toBe(0);
    }
  });

  it("never make a number that is not there, and never throw", () => {
    fc.assert(
      fc.property(mutated(SDA), (text) => {
        const words = text.split(/\s+/).filter((word) => /^\d+$/.test(word));
        const numbers = new Set(words.map(Number).flatMap((one) => [one, one / 1000, one * 512]));
        for (const values of parse(text).devices.values()) {
          for (const value of values) {
            expect(Number.isNaN(value) || numbers.has(value)).toBe(true);
          }
        }
      }),
      { numRuns: 5000 },
    );
  });
});
