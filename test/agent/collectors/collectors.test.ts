import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { engineIdOf } from "../../../agent/cgroup/engine-id.ts";
import { allCollectors } from "../../../agent/collectors/all.ts";
import type { Collector, Host, Probe } from "../../../agent/collectors/collector.ts";
import { cpu } from "../../../agent/collectors/cpu.ts";
import { memory } from "../../../agent/collectors/memory.ts";
import { network } from "../../../agent/collectors/network.ts";
import { perfEvent } from "../../../agent/collectors/perf-event.ts";
import { parsePressure, pressure } from "../../../agent/collectors/pressure.ts";
import { process } from "../../../agent/collectors/process.ts";
import { resctrl } from "../../../agent/collectors/resctrl.ts";
import { type Limits, NO_LIMITS } from "../../../wire/container.ts";
import { allMetrics, allSeries, columnOf, ROW_WIDTH } from "../../../wire/metrics/all.ts";
import { cpuMetrics } from "../../../wire/metrics/cpu.ts";
import { processMetrics } from "../../../wire/metrics/process.ts";
import { FakeKernel, recordedNetDev, V2_ID } from "../fake-kernel.ts";

const WEB = "/docker/web";
const HALF_A_CORE: Limits = { ...NO_LIMITS, cpu_cores: 0.5 };

let kernel: FakeKernel;
let host: Host;

function use(recorded: "cgroup-v1" | "cgroup-v2" | "empty-v2"): void {
  kernel = new FakeKernel(recorded);
  host = kernel.host({
    watch: ({ id }) =>
      id === WEB ? { latest: undefined, stir: () => {}, close: () => {} } : undefined,
  });
}

beforeEach(() => use("cgroup-v1"));
afterEach(() => kernel[Symbol.dispose]());

/** What a probe measures, by column; absent columns are left out. */
function read(probe: Probe, limits = NO_LIMITS): Record<string, number> {
  const row = new Float64Array(ROW_WIDTH).fill(Number.NaN);
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

  it("finds the throttling although its hierarchy gets the cgroup last", () => {
    rmSync(join(kernel.cgroupRoot, "cpu", WEB), { recursive: true });
    const probe = open(cpu);
    expect(Object.keys(read(probe, HALF_A_CORE))).toEqual([
      "cpu_usage_nanoseconds",
      "cpu_user_nanoseconds",
      "cpu_system_nanoseconds",
    ]);
    kernel.write(`cpu${WEB}/cpu.stat`, "nr_periods 3\nnr_throttled 2\nthrottled_time 1\n");
    expect(read(probe, HALF_A_CORE)).toMatchObject({
      cpu_periods: 3,
      cpu_throttled_periods: 2,
      cpu_throttled_nanoseconds: 1,
    });
    probe.close();
  });
});

describe("processes", () => {
  it("are counted, and so are threads", () => {
    kernel.write(`pids${WEB}/cgroup.procs`, "12\n13\n");
    expect(read(open(process))).toEqual({ processes: 2, threads: 1 });
  });

  it("are counted again as soon as the threads change, or CPU time was used", () => {
    const probe = open(process);
    const row = new Float64Array(ROW_WIDTH).fill(Number.NaN);
    const sample = (usage: number): (number | undefined)[] => {
      row[columnOf(cpuMetrics.usage)] = usage;
      probe.read(row, NO_LIMITS);
      return [processMetrics.processes, processMetrics.threads].map((of) => row[columnOf(of)]);
    };
    expect(sample(1)).toEqual([1, 1]);
    kernel.write(`pids${WEB}/cgroup.procs`, "12\n13\n");
    // Nothing that could begin or end a process: the list is not read.
    expect(sample(1)).toEqual([1, 1]);
    expect(sample(2)).toEqual([2, 1]);
    kernel.write(`pids${WEB}/cgroup.procs`, "12\n13\n14\n");
    kernel.write(`pids${WEB}/pids.current`, "3\n");
    expect(sample(2)).toEqual([3, 3]);
  });

  it("are always counted where CPU time is not measured", () => {
    const probe = open(process);
    expect(read(probe)).toEqual({ processes: 1, threads: 1 });
    kernel.write(`pids${WEB}/cgroup.procs`, "12\n13\n");
    expect(read(probe)).toEqual({ processes: 2, threads: 1 });
  });
});

const THROTTLE_BYTES = "blkio.throttle.io_service_bytes_recursive";
const THROTTLE_COUNTS = "blkio.throttle.io_serviced_recursive";

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
  eth0: 841959927   23570    1    2    0     0          0         0  1716814   13907    3    4    0     0       0          0
  eth1:100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0
vethab12: 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5
`;

describe("a container under systemd and v2, recorded", () => {
  const V2_WEB = `/system.slice/docker-${V2_ID}.scope`;
  beforeEach(() => {
    kernel[Symbol.dispose]();
    use("cgroup-v2");
  });

  it("is recognised by its path", () => {
    expect(engineIdOf(V2_WEB)).toBe(V2_ID);
  });

  it("has its CPU time in nanoseconds, of a kernel that counts microseconds", () => {
    expect(read(open(cpu, V2_WEB), HALF_A_CORE)).toEqual({
      cpu_usage_nanoseconds: 15_124_216_000,
      cpu_user_nanoseconds: 12_183_619_000,
      cpu_system_nanoseconds: 2_940_597_000,
      cpu_periods: 303,
      cpu_throttled_periods: 292,
      cpu_throttled_nanoseconds: 14_244_661_000,
    });
    expect(Object.keys(read(open(cpu, V2_WEB)))).not.toContain("cpu_periods");
  });

  it("has its processes", () => {
    expect(read(open(process, V2_WEB))).toEqual({ processes: 3, threads: 3 });
  });

  it("has its network", () => {
    kernel.process(775, "net:[2]", recordedNetDev());
    expect(read(open(network, V2_WEB))).toEqual({
      network_receive_bytes: 1630,
      network_receive_packets: 19,
      network_receive_errors: 0,
      network_receive_dropped: 0,
      network_transmit_bytes: 378,
      network_transmit_packets: 5,
      network_transmit_errors: 0,
      network_transmit_dropped: 0,
    });
  });

  it("runs on a machine with its own numbers", () => {
    expect(read(open(cpu, "/"))).toEqual({
      cpu_usage_nanoseconds: 75_468_000_000,
      cpu_user_nanoseconds: 38_088_000_000,
      cpu_system_nanoseconds: 37_380_000_000,
    });
    expect(read(open(memory, "/"))).toEqual({
      memory_usage_bytes: 75_685_888 + 225_906_688,
      memory_working_set_bytes: 75_685_888 + 225_906_688 - 117_661_696,
      memory_rss_bytes: 75_685_888,
      memory_cache_bytes: 225_906_688,
      memory_mapped_file_bytes: 138_498_048,
      memory_active_file_bytes: 90_988_544,
      memory_inactive_file_bytes: 117_661_696,
      memory_faults: 119_440,
      memory_major_faults: 2181,
    });
    expect(read(open(process, "/"))).toEqual({ processes: 65 });
  });
});

const PRESSURE =
  "some avg10=37.12 avg60=8.12 avg300=1.75 total=6416192\n" +
  "full avg10=36.88 avg60=8.04 avg300=1.73 total=6352517\n";

describe("pressure", () => {
  const totalOf = (text: string): ReturnType<typeof parsePressure> => {
    const bytes = new TextEncoder().encode(`${text}some total=99\n`);
    return parsePressure({ bytes, length: new TextEncoder().encode(text).length });
  };

  it("is read in microseconds, where the kernel tells it", () => {
    expect(pressure.open(cgroupAt(kernel.hierarchies, WEB), host)).toBeUndefined();
    kernel[Symbol.dispose]();
    use("cgroup-v2");
    expect(read(open(pressure, `/system.slice/docker-${V2_ID}.scope`))).toEqual({
      pressure_cpu_some_microseconds: 6_416_192,
      pressure_cpu_full_microseconds: 6_352_517,
      pressure_memory_some_microseconds: 0,
      pressure_memory_full_microseconds: 0,
      pressure_io_some_microseconds: 0,
      pressure_io_full_microseconds: 0,
    });
  });

  it("is taken line by line, and is absent where a line is cut, missing or garbage", () => {
    expect(totalOf(PRESSURE)).toEqual({ some: 6_416_192, full: 6_352_517 });
    expect(totalOf(PRESSURE.slice(0, -1))).toEqual({ some: 6_416_192, full: NaN });
    expect(totalOf("some avg10=0.00 total=7\n")).toEqual({ some: 7, full: NaN });
    expect(totalOf("some total=7x\nfull\n")).toEqual({ some: NaN, full: NaN });
    expect(totalOf("")).toEqual({ some: NaN, full: NaN });
  });
});

/** These call the kernel, not only read its files; they have tests of their own. */
const ON_REQUEST: readonly Collector[] = [perfEvent, resctrl];
const readers = allCollectors.filter((collector) => !ON_REQUEST.includes(collector));

describe.each(readers.map((collector) => [collector.name, collector] as const))(
  "the collector %s, as every collector,",
  (_name, collector) => {
    // A hybrid host, where there is something for every collector.
    beforeEach(() => {
      kernel.write("unified/cgroup.controllers", "");
      host = { ...host, load: { monotonic: () => 0 } };
      kernel.write(`cpu${WEB}/tasks`, "28029\n");
      kernel.proc("self/schedstat", "5 6 7\n");
      kernel.write(`cpuset${WEB}/cpuset.memory_migrate`, "0\n");
      kernel.write(`hugetlb${WEB}/hugetlb.2MB.usage_in_bytes`, "0\n");
      kernel.write(`memory${WEB}/memory.numa_stat`, "file=1 N0=1\n");
      kernel.write(`memory${WEB}/cgroup.procs`, "28029\n");
      for (const file of SOCKET_FILES) kernel.proc(`28029/net/${file}`, "");
      for (const resource of ["cpu", "memory", "io"]) {
        kernel.write(`unified${WEB}/${resource}.pressure`, PRESSURE);
      }
    });

    it("describes what it measures", () => {
      for (const metric of collector.metrics) expect(() => columnOf(metric)).not.toThrow();
      for (const series of collector.series ?? []) expect(allSeries).toContain(series);
    });

    it("finds nothing where its files are missing, and leaves nothing open", () => {
      expect(collector.open(cgroupAt(kernel.hierarchies, "/nowhere"), host)).toBeUndefined();
      expect(host.files.open).toBe(0);
      expect([...host.files.failures]).toEqual([]);
    });

    it("leaves everything absent when its files hold garbage or nothing, and goes on", async () => {
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
      // What is being read beside the sampling is closed a little later.
      await vi.waitFor(() => expect(host.files.open).toBe(0));
    });

    it("closes all that it opened", async () => {
      kernel.process(28_029, "net:[2]", NET_DEV);
      kernel.write(`pids${WEB}/cgroup.procs`, "28029\n");
      const probe = open(collector);
      rmSync(kernel.cgroupRoot, { recursive: true });
      read(probe);
      probe.close();
      // What is being read beside the sampling is closed a little later.
      await vi.waitFor(() => expect(host.files.open).toBe(0));
    });
  },
);

const SOCKET_FILES = ["tcp", "tcp6", "udp", "udp6", "snmp", "netstat"];

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
    memory: ["usage_in_bytes", "max_usage_in_bytes", "stat", "failcnt", "kmem.usage_in_bytes"].map(
      (name) => `cgroup/memory/docker/web/memory.${name}`,
    ),
    load: ["cgroup/cpu/docker/web/tasks"],
    oom: ["cgroup/memory/docker/web/memory.oom_control"],
    "memory-numa": ["cgroup/memory/docker/web/memory.numa_stat"],
    cpuset: ["cgroup/cpuset/docker/web/cpuset.memory_migrate"],
    hugetlb: ["cgroup/hugetlb/docker/web/hugetlb.2MB.usage_in_bytes"],
    referenced: ["cgroup/memory/docker/web/cgroup.procs"],
    percpu: ["cgroup/cpuacct/docker/web/cpuacct.usage_percpu"],
    sched: ["cgroup/cpuacct/docker/web/tasks"],
    descriptors: ["cgroup/pids/docker/web/cgroup.procs"],
    process: ["cgroup/pids/docker/web/pids.current", "cgroup/pids/docker/web/cgroup.procs"],
    "disk-io": [
      `cgroup/blkio/docker/web/${THROTTLE_BYTES}`,
      `cgroup/blkio/docker/web/${THROTTLE_COUNTS}`,
    ],
    network: ["proc/28029/net/dev"],
    tcp: SOCKET_FILES.map((file) => `proc/28029/net/${file}`),
    udp: SOCKET_FILES.map((file) => `proc/28029/net/${file}`),
    "advanced-tcp": SOCKET_FILES.map((file) => `proc/28029/net/${file}`),
    pressure: ["cpu", "memory", "io"].map(
      (resource) => `cgroup/unified/docker/web/${resource}.pressure`,
    ),
  };
  return files[collector.name] ?? [];
}
