import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { allCollectors } from "../../../agent/collectors/all.ts";
import type { Collector, Host, Probe } from "../../../agent/collectors/collector.ts";
import { cpu } from "../../../agent/collectors/cpu.ts";
import { diskIo } from "../../../agent/collectors/disk-io.ts";
import { memory } from "../../../agent/collectors/memory.ts";
import { network } from "../../../agent/collectors/network.ts";
import { process } from "../../../agent/collectors/process.ts";
import { type Limits, NO_LIMITS } from "../../../wire/container.ts";
import { allMetrics } from "../../../wire/metrics/all.ts";
import { FakeKernel } from "../fake-kernel.ts";

const WEB = "/docker/web";
const HALF_A_CORE: Limits = { ...NO_LIMITS, cpu_cores: 0.5 };

let kernel: FakeKernel;
let host: Host;

function use(recorded: "cgroup-v1" | "empty-v2"): void {
  kernel = new FakeKernel(recorded);
  host = kernel.host();
}

beforeEach(() => use("cgroup-v1"));
afterEach(() => kernel[Symbol.dispose]());

/** What a probe measures, by column; absent columns are left out. */
function read(probe: Probe, limits = NO_LIMITS): Record<string, number> {
  const row = new Float64Array(allMetrics.length).fill(Number.NaN);
  probe.read(row, limits);
  const named = allMetrics.map((metric, column) => [metric.name, row[column] ?? NaN] as const);
  return Object.fromEntries(named.filter(([, value]) => !Number.isNaN(value)));
}

function open(collector: Collector, id = WEB): Probe {
  const probe = collector.open(cgroupAt(kernel.hierarchies, id), host);
  if (probe === undefined) throw new Error(`${collector.name} found nothing to measure`);
  return probe;
}

describe("cpu on v1", () => {
  it("reads what the kernel wrote, in nanoseconds", () => {
    expect(read(open(cpu), HALF_A_CORE)).toEqual({
      cpu_usage_nanoseconds: 794_683_337,
      cpu_user_nanoseconds: 760_000_000,
      cpu_system_nanoseconds: 20_000_000,
      cpu_periods: 20,
      cpu_throttled_periods: 7,
      cpu_throttled_nanoseconds: 105_576_456,
    });
  });

  it("knows nothing of throttling without a quota", () => {
    expect(Object.keys(read(open(cpu)))).not.toContain("cpu_periods");
  });
});

describe("memory on v1", () => {
  it("reads what the kernel wrote, the whole subtree", () => {
    expect(read(open(memory))).toEqual({
      memory_usage_bytes: 22_142_976,
      memory_max_usage_bytes: 23_322_624,
      memory_working_set_bytes: 22_142_976 - 21_102_592,
      memory_rss_bytes: 0,
      memory_cache_bytes: 21_274_624,
      memory_mapped_file_bytes: 0,
      memory_swap_bytes: 0,
      memory_active_file_bytes: 172_032,
      memory_inactive_file_bytes: 21_102_592,
      memory_faults: 519,
      memory_major_faults: 2,
      memory_oom_kills: 0,
    });
  });

  it("never has a working set below zero", () => {
    kernel.write(`memory${WEB}/memory.usage_in_bytes`, "4096\n");
    expect(read(open(memory))["memory_working_set_bytes"]).toBe(0);
  });
});

describe("memory on v2", () => {
  it("takes the root's usage from what its pages add up to", () => {
    kernel[Symbol.dispose]();
    use("empty-v2");
    kernel.write(
      "memory.stat",
      "anon 100\nfile 50\nfile_mapped 1\nactive_file 2\ninactive_file 30\npgfault 4\npgmajfault 5\n",
    );
    expect(read(open(memory, "/"))).toMatchObject({
      memory_usage_bytes: 150,
      memory_working_set_bytes: 120,
    });
  });
});

describe("processes", () => {
  it("are counted, and so are threads", () => {
    kernel.write(`pids${WEB}/cgroup.procs`, "12\n13\n");
    expect(read(open(process))).toEqual({ processes: 2, threads: 1 });
  });

  it("are counted again as soon as the threads change", () => {
    const probe = open(process);
    expect(read(probe)).toEqual({ processes: 1, threads: 1 });
    kernel.write(`pids${WEB}/cgroup.procs`, "12\n13\n");
    kernel.write(`pids${WEB}/pids.current`, "2\n");
    expect(read(probe)).toEqual({ processes: 2, threads: 2 });
  });
});

const THROTTLE_BYTES = "blkio.throttle.io_service_bytes_recursive";
const THROTTLE_COUNTS = "blkio.throttle.io_serviced_recursive";

describe("block I/O", () => {
  const bytes =
    "8:0 Read 4096\n8:0 Write 512\n8:0 Sync 0\n8:0 Total 4608\n8:16 Read 1\n8:16 Write 2\nTotal 4611\n";
  const counts = "8:0 Read 3\n8:0 Write 1\n8:16 Read 1\n8:16 Write 1\nTotal 6\n";

  it("is summed over devices and kept by device on v1", () => {
    kernel.sys("dev/block/8:0/uevent", "MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n");
    for (const cgroup of ["", WEB]) {
      kernel.write(`blkio${cgroup}/${THROTTLE_BYTES}`, bytes);
      kernel.write(`blkio${cgroup}/${THROTTLE_COUNTS}`, counts);
    }
    const probe = open(diskIo);
    expect(read(probe)).toEqual({
      fs_read_bytes: 4097,
      fs_write_bytes: 514,
      fs_reads: 4,
      fs_writes: 2,
    });
    expect([...(probe.labelled ?? [])].map(([device, values]) => [device, ...values])).toEqual([
      ["/dev/sda", 4096, 512, 3, 1],
      ["8:16", 1, 2, 1, 1],
    ]);
  });

  it("is absent, not zero, while the kernel does not count it", () => {
    kernel.write(`blkio/${THROTTLE_BYTES}`, "Total 0\n");
    expect(read(open(diskIo))).toEqual({});
  });

  it("is zero for a container that has done none on a machine that has", () => {
    kernel.write(`blkio/${THROTTLE_BYTES}`, bytes);
    expect(read(open(diskIo))).toEqual({
      fs_read_bytes: 0,
      fs_write_bytes: 0,
      fs_reads: 0,
      fs_writes: 0,
    });
  });

  it("comes from io.stat on v2", () => {
    kernel[Symbol.dispose]();
    use("empty-v2");
    kernel.write("a/io.stat", "259:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n7:1 \n");
    expect(read(open(diskIo, "/a"))).toEqual({
      fs_read_bytes: 10,
      fs_write_bytes: 20,
      fs_reads: 1,
      fs_writes: 2,
    });
  });
});

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
  eth0: 841959927   23570    1    2    0     0          0         0  1716814   13907    3    4    0     0       0          0
  eth1:100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0
vethab12: 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5
`;

describe("the network", () => {
  beforeEach(() => {
    kernel.write(`pids${WEB}/cgroup.procs`, "28029\n");
    kernel.process(28_029, "net:[2]", NET_DEV);
  });

  it("is summed over interfaces and kept by interface, without the loopback and the host's ends", () => {
    const probe = open(network);
    expect(read(probe)).toEqual({
      network_receive_bytes: 841_960_027,
      network_receive_packets: 23_571,
      network_receive_errors: 1,
      network_receive_dropped: 2,
      network_transmit_bytes: 1_717_014,
      network_transmit_packets: 13_909,
      network_transmit_errors: 3,
      network_transmit_dropped: 4,
    });
    expect([...(probe.labelled?.keys() ?? [])]).toEqual(["eth0", "eth1"]);
  });

  it("is not the container's where that shares the machine's", () => {
    kernel.process(7, "net:[1]", NET_DEV);
    kernel.write(`pids/docker/host/cgroup.procs`, "7\n");
    expect(network.open(cgroupAt(kernel.hierarchies, "/docker/host"), host)).toBeUndefined();
  });

  it("is given to one only of those that share it, and to the next when that has gone", () => {
    kernel.process(8, "net:[2]", NET_DEV);
    kernel.write(`pids/docker/side/cgroup.procs`, "8\n");
    const side = cgroupAt(kernel.hierarchies, "/docker/side");
    const first = open(network);
    expect(network.open(side, host)).toBeUndefined();
    first.close();
    expect(network.open(side, host)).toBeDefined();
  });

  it("forgets an interface that has gone", () => {
    const probe = open(network);
    read(probe);
    writeFileSync(
      join(kernel.procRoot, "28029/net/dev"),
      "  eth1: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n",
    );
    expect(read(probe)["network_receive_bytes"]).toBe(1);
    expect([...(probe.labelled?.keys() ?? [])]).toEqual(["eth1"]);
  });
});

describe.each(allCollectors.map((collector) => [collector.name, collector] as const))(
  "the collector %s, as every collector,",
  (_name, collector) => {
    it("describes what it measures", () => {
      for (const metric of collector.metrics) expect(allMetrics).toContain(metric);
      for (const metric of collector.labelled ?? []) expect(metric.per).toBeDefined();
    });

    it("finds nothing where its files are missing, and leaves nothing open", () => {
      expect(collector.open(cgroupAt(kernel.hierarchies, "/nowhere"), host)).toBeUndefined();
      expect(host.files.open).toBe(0);
      expect([...host.files.failures]).toEqual([]);
    });

    it("leaves everything absent when its files hold garbage or nothing, and goes on", () => {
      kernel.process(28_029, "net:[2]", NET_DEV);
      kernel.write(`pids${WEB}/cgroup.procs`, "28029\n");
      const probe = open(collector);
      read(probe);
      for (const content of ["", "\0\0\0", "garbage\n", "a b c\n\n\n1 2 3"]) {
        for (const path of filesOf(collector)) writeFileSync(join(kernel.root, path), content);
        const values = Object.entries(read(probe, HALF_A_CORE));
        for (const [, value] of values)
          expect(value).toBe(collector === process ? countOf(content) : 0);
      }
      probe.close();
      expect(host.files.open).toBe(0);
    });

    it("closes all that it opened", () => {
      kernel.process(28_029, "net:[2]", NET_DEV);
      kernel.write(`pids${WEB}/cgroup.procs`, "28029\n");
      const probe = open(collector);
      rmSync(kernel.cgroupRoot, { recursive: true });
      read(probe);
      probe.close();
      expect(host.files.open).toBe(0);
    });
  },
);

/** Lines in a list of processes are counted, whatever they hold. */
function countOf(content: string): number {
  return content.split("\n").length - 1;
}

/** The files that a collector reads of the recorded container. */
function filesOf(collector: Collector): string[] {
  const files: Record<string, string[]> = {
    cpu: [
      "cgroup/cpuacct/docker/web/cpuacct.usage",
      "cgroup/cpuacct/docker/web/cpuacct.stat",
      "cgroup/cpu/docker/web/cpu.stat",
    ],
    memory: ["usage_in_bytes", "max_usage_in_bytes", "stat", "oom_control"].map(
      (name) => `cgroup/memory/docker/web/memory.${name}`,
    ),
    process: ["cgroup/pids/docker/web/pids.current", "cgroup/pids/docker/web/cgroup.procs"],
    "disk-io": [
      `cgroup/blkio/docker/web/${THROTTLE_BYTES}`,
      `cgroup/blkio/docker/web/${THROTTLE_COUNTS}`,
    ],
    network: ["proc/28029/net/dev"],
  };
  return files[collector.name] ?? [];
}
