import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { parseBlkio } from "../../../agent/collectors/blkio-books.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import type { Books } from "../../../agent/collectors/disk-books.ts";
import { diskIo } from "../../../agent/collectors/disk-io.ts";
import { parseIoStat } from "../../../agent/collectors/io-stat.ts";
import { diskIoSeries } from "../../../wire/metrics/disk-io.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { mutated } from "./mutated.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";
const BYTES = "io_service_bytes_recursive";
const COUNTS = "io_serviced_recursive";

let kernel: FakeKernel;
let host: Host;

function use(recorded: "cgroup-v1" | "cgroup-v2" | "empty-v2"): void {
  kernel = new FakeKernel(recorded);
  host = kernel.host();
}

beforeEach(() => use("cgroup-v1"));
afterEach(() => kernel[Symbol.dispose]());

/** The series of a probe, without the container's labels. */
function seriesOf(probe: Probe): Record<string, number> {
  const cells = [...(probe.series ?? [])].flatMap(([labels, values]) =>
    diskIoSeries.map(
      ({ family, scale }, place) =>
        [`${family.name}{${labels}}`, (values[place] ?? NaN) / scale] as const,
    ),
  );
  return Object.fromEntries(cells.filter(([, value]) => !Number.isNaN(value)));
}

function named(numbers: string, name: string): void {
  kernel.sys(`dev/block/${numbers}/uevent`, `MAJOR=8\nMINOR=0\nDEVNAME=${name}\nDEVTYPE=disk\n`);
}

describe("block I/O on v1", () => {
  const bytes =
    "8:0 Read 4096\n8:0 Write 512\n8:0 Sync 0\n8:0 Async 4608\n8:0 Discard 0\n8:0 Total 4608\n" +
    "8:16 Read 1\n8:16 Write 2\nTotal 4611\n";
  const counts = "8:0 Read 3\n8:0 Write 1\n8:16 Read 1\n8:16 Write 1\nTotal 6\n";
  const write = (cgroup: string, policy: string, file: string, text: string): void =>
    kernel.write(`blkio${cgroup}/blkio.${policy}.${file}`, text);

  it("is summed over devices and kept by device and by operation", () => {
    named("8:0", "sda");
    for (const cgroup of ["", WEB]) {
      write(cgroup, "throttle", BYTES, bytes);
      write(cgroup, "throttle", COUNTS, counts);
    }
    const probe = probeOf(kernel, host, diskIo, WEB);
    expect(sampleOf(probe)).toEqual({
      fs_read_bytes: 4097,
      fs_write_bytes: 514,
      fs_reads: 4,
      fs_writes: 2,
    });
    const usage = (operation: string): string =>
      `container_blkio_device_usage_total{device="/dev/sda",major="8",minor="0",operation="${operation}"}`;
    const unnamed = 'container_blkio_device_usage_total{device="8:16",major="8",minor="16"';
    expect(seriesOf(probe)).toEqual({
      'container_fs_reads_bytes_total{device="/dev/sda"}': 4096,
      'container_fs_writes_bytes_total{device="/dev/sda"}': 512,
      'container_fs_reads_total{device="/dev/sda"}': 3,
      'container_fs_writes_total{device="/dev/sda"}': 1,
      'container_fs_reads_bytes_total{device="8:16"}': 1,
      'container_fs_writes_bytes_total{device="8:16"}': 2,
      'container_fs_reads_total{device="8:16"}': 1,
      'container_fs_writes_total{device="8:16"}': 1,
      [usage("Read")]: 4096,
      [usage("Write")]: 512,
      [usage("Sync")]: 0,
      [usage("Async")]: 4608,
      [usage("Discard")]: 0,
      [usage("Total")]: 4608,
      [`${unnamed},operation="Read"}`]: 1,
      [`${unnamed},operation="Write"}`]: 2,
    });
  });

  it("is absent, not zero, while the kernel does not count it", () => {
    write("", "throttle", BYTES, "Total 0\n");
    expect(sampleOf(probeOf(kernel, host, diskIo, WEB))).toEqual({});
  });

  it("is zero for a container that has done none on a machine that has", () => {
    write("", "throttle", BYTES, bytes);
    expect(sampleOf(probeOf(kernel, host, diskIo, WEB))).toEqual({
      fs_read_bytes: 0,
      fs_write_bytes: 0,
      fs_reads: 0,
      fs_writes: 0,
    });
  });

  it("is kept by device only, without a sum, while a disk in use is not counted", () => {
    kernel.disk("sdb", { numbers: "8:16", stat: "3 0 24 1 0 0 0 0" });
    kernel.disk("sdc", { numbers: "8:32", stat: "3 0 24 1 0 0 0 0" });
    write("", "throttle", BYTES, bytes);
    write(WEB, "throttle", BYTES, bytes);
    const probe = probeOf(kernel, host, diskIo, WEB);
    expect(sampleOf(probe)).toEqual({});
    expect(seriesOf(probe)).toMatchObject({ 'container_fs_reads_bytes_total{device="8:16"}': 1 });
  });

  it("has what bfq knows beside that, in seconds, from a kernel that tells it", () => {
    kernel.disk("sda", { numbers: "8:0", stat: "3 0 24 1 0 0 0 0", scheduler: "none [bfq]" });
    host = kernel.host();
    named("8:0", "sda");
    write("", "bfq", BYTES, "8:0 Read 4096\n8:0 Write 512\nTotal 4608\n");
    write(WEB, "bfq", BYTES, "8:0 Read 4096\n8:0 Write 512\nTotal 4608\n");
    write(WEB, "bfq", COUNTS, "8:0 Read 3\n8:0 Write 1\nTotal 4\n");
    write(
      WEB,
      "bfq",
      "io_service_time_recursive",
      "8:0 Read 1500000000\n8:0 Write 2000001\n8:0 Total 1502000001\nTotal 1502000001\n",
    );
    write(WEB, "bfq", "io_merged_recursive", "8:0 Read 7\n8:0 Write 8\n8:0 Total 15\nTotal 15\n");
    write(WEB, "bfq", "io_queued_recursive", "8:0 Read 1\n8:0 Write 1\n8:0 Total 2\nTotal 2\n");
    const probe = probeOf(kernel, host, diskIo, WEB);
    sampleOf(probe);
    const values = seriesOf(probe);
    const of = (family: string): number | undefined =>
      values[`container_fs_${family}{device="/dev/sda"}`];
    expect(of("read_seconds_total")).toBe(1.5);
    expect(of("write_seconds_total")).toBe(0.002000001);
    expect(of("io_time_seconds_total")).toBe(1.502000001);
    expect(of("reads_merged_total")).toBe(7);
    expect(of("writes_merged_total")).toBe(8);
    expect(of("io_current")).toBe(2);
    expect(of("sector_reads_total")).toBeUndefined();
    expect(of("io_time_weighted_seconds_total")).toBeUndefined();
  });

  it("is read again only when the cgroup has used CPU time, or has something under way", () => {
    for (const cgroup of ["", WEB]) write(cgroup, "throttle", BYTES, bytes);
    const probe = probeOf(kernel, host, diskIo, WEB);
    for (const usage of [1, 1, 1]) sampleOf(probe, { usage });
    write(WEB, "throttle", BYTES, bytes.replace("4096", "8192"));
    expect(sampleOf(probe, { usage: 1 })["fs_read_bytes"]).toBe(4097);
    expect(sampleOf(probe, { usage: 2 })["fs_read_bytes"]).toBe(8193);
  });
});

describe("block I/O on v2", () => {
  beforeEach(() => {
    kernel[Symbol.dispose]();
    use("empty-v2");
  });

  it("comes from io.stat, with discards and what io.cost reckons", () => {
    named("259:0", "nvme0n1");
    kernel.write(
      "a/io.stat",
      "259:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=30 dios=3 cost.usage=1500000 cost.wait=1 cost.indebt=0 cost.indelay=2\n7:1 \n",
    );
    const probe = probeOf(kernel, host, diskIo, "/a");
    expect(sampleOf(probe)).toEqual({
      fs_read_bytes: 10,
      fs_write_bytes: 20,
      fs_reads: 1,
      fs_writes: 2,
    });
    const usage = (operation: string): string =>
      `container_blkio_device_usage_total{device="/dev/nvme0n1",major="259",minor="0",operation="${operation}"}`;
    expect(seriesOf(probe)).toEqual({
      'container_fs_reads_bytes_total{device="/dev/nvme0n1"}': 10,
      'container_fs_writes_bytes_total{device="/dev/nvme0n1"}': 20,
      'container_fs_reads_total{device="/dev/nvme0n1"}': 1,
      'container_fs_writes_total{device="/dev/nvme0n1"}': 2,
      'container_fs_io_cost_usage_seconds_total{device="/dev/nvme0n1"}': 1.5,
      'container_fs_io_cost_wait_seconds_total{device="/dev/nvme0n1"}': 0.000001,
      'container_fs_io_cost_indebt_seconds_total{device="/dev/nvme0n1"}': 0,
      'container_fs_io_cost_indelay_seconds_total{device="/dev/nvme0n1"}': 0.000002,
      [usage("Read")]: 10,
      [usage("Write")]: 20,
      [usage("Discard")]: 30,
    });
  });

  it("counts what a logical volume passes on to its disk once, and what only the volume knows too", () => {
    const line = (numbers: string, bytes: number): string =>
      `${numbers} rbytes=${bytes} wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n`;
    kernel.sys("dev/block/253:0/slaves/sda2/dev", "");
    kernel.sys("class/block/sda2/partition", "2\n");
    kernel.sys("class/block/dev", "8:0\n");
    kernel.write("a/io.stat", line("8:0", 100) + line("253:0", 100));
    expect(sampleOf(probeOf(kernel, host, diskIo, "/a"))).toMatchObject({ fs_read_bytes: 100 });
    kernel.write("b/io.stat", line("253:0", 100));
    expect(sampleOf(probeOf(kernel, host, diskIo, "/b"))).toMatchObject({ fs_read_bytes: 100 });
  });

  it("says the same as long as the file does, and then what is new", () => {
    kernel.write("a/io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n");
    const probe = probeOf(kernel, host, diskIo, "/a");
    const [first, second] = [sampleOf(probe), sampleOf(probe)];
    expect(second).toEqual(first);
    kernel.write("a/io.stat", "8:0 rbytes=11 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n");
    expect(sampleOf(probe)).toEqual({ ...first, fs_read_bytes: 11 });
  });

  it("is that of a recorded container, by device and together", () => {
    kernel[Symbol.dispose]();
    use("cgroup-v2");
    named("254:0", "vda");
    const probe = probeOf(kernel, host, diskIo, `/system.slice/docker-${V2_ID}.scope`);
    expect(sampleOf(probe)).toEqual({
      fs_read_bytes: 9_265_152,
      fs_write_bytes: 73_580_544,
      fs_reads: 209,
      fs_writes: 16_694 + 1,
    });
    expect(seriesOf(probe)).toMatchObject({
      'container_fs_writes_total{device="254:16"}': 1,
      'container_fs_writes_total{device="/dev/vda"}': 16_694,
    });
  });
});

describe("lines of block I/O", () => {
  const IO_STAT =
    "259:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:0 rbytes=1 wbytes=2 rios=3 wios=4\n";
  const parsed = (parse: (into: Books) => void): Books => {
    const books: Books = { devices: new Map(), operations: new Map() };
    parse(books);
    return books;
  };
  const FORMAT = { places: { Read: 0, Write: 1 }, isUsage: true };

  it("are passed over when they are cut", () => {
    const { devices, operations } = parsed((into) =>
      parseBlkio("8:0 Read 1\n8:0 Write 2", FORMAT, into),
    );
    expect([...(devices.get("8:0") ?? [])].slice(0, 2)).toEqual([1, NaN]);
    expect([...operations]).toEqual([["8:0 Read", 1]]);
  });

  it("never make a number that a whole line does not hold, and never throw", () => {
    fc.assert(
      fc.property(mutated(IO_STAT), (text) => {
        const lines = text.split("\n").slice(0, -1);
        const { devices, operations } = parsed((into) => parseIoStat(text, into));
        const holds = (device: string, value: number): boolean =>
          lines.some(
            (line) =>
              ` ${line}`.includes(` ${device} `) &&
              line.split(" ").some((pair) => {
                const number = pair.slice(pair.indexOf("=") + 1);
                return /^\d+$/.test(number) && Number(number) === value;
              }),
          );
        for (const [device, values] of devices) {
          for (const value of values) {
            expect(Number.isNaN(value) || holds(device, value)).toBe(true);
          }
        }
        for (const [key, value] of operations) {
          expect(holds(key.slice(0, key.lastIndexOf(" ")), value)).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
