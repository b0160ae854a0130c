import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { parseSwapInUse } from "../../../agent/collectors/memory-files.ts";
import { memory } from "../../../agent/collectors/memory.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";
const SCOPE = `/system.slice/docker-${V2_ID}.scope`;
const V1 = `memory${WEB}`;

let kernel: FakeKernel;
let host: Host;

function use(recorded: "cgroup-v1" | "cgroup-v2" | "empty-v2"): void {
  kernel = new FakeKernel(recorded);
  host = kernel.host();
}

function useAnother(recorded: "cgroup-v2" | "empty-v2"): void {
  kernel[Symbol.dispose]();
  use(recorded);
}

beforeEach(() => use("cgroup-v1"));
afterEach(() => kernel[Symbol.dispose]());

function open(id = WEB): Probe {
  return probeOf(kernel, host, memory, id);
}

describe("memory on v1", () => {
  it("is what the kernel wrote: of the subtree, and page faults of the cgroup alone", () => {
    kernel.write(`${V1}/memory.kmem.usage_in_bytes`, "868352\n");
    kernel.write(`${V1}/memory.failcnt`, "17\n");
    kernel.write(
      `${V1}/memory.stat`,
      "dirty 1\nwriteback 2\nworkingset_refault_anon 3\nworkingset_refault_file 4\npgfault 100\npgmajfault 7\n" +
        "total_cache 21274624\ntotal_rss 4096\ntotal_mapped_file 8192\ntotal_dirty 20975616\ntotal_writeback 12288\n" +
        "total_workingset_refault_anon 31\ntotal_workingset_refault_file 52\ntotal_swap 16384\n" +
        "total_pgfault 519\ntotal_pgmajfault 9\ntotal_inactive_file 21102592\ntotal_active_file 172032\n",
    );
    expect(sampleOf(open())).toEqual({
      memory_usage_bytes: 22_142_976,
      memory_max_usage_bytes: 23_322_624,
      memory_working_set_bytes: 22_142_976 - 21_102_592,
      memory_rss_bytes: 4096,
      memory_cache_bytes: 21_274_624,
      memory_mapped_file_bytes: 8192,
      memory_swap_bytes: 16_384,
      memory_active_file_bytes: 172_032,
      memory_inactive_file_bytes: 21_102_592,
      memory_faults: 519,
      memory_major_faults: 9,
      memory_own_faults: 100,
      memory_own_major_faults: 7,
      memory_kernel_bytes: 868_352,
      memory_limit_hits: 17,
      memory_dirty_bytes: 20_975_616,
      memory_writeback_bytes: 12_288,
      memory_refaulted_file_pages: 52,
      memory_refaulted_anon_pages: 31,
    });
  });

  it("lacks what this kernel does not tell, rather than having zeros", () => {
    for (const file of ["memory.kmem.usage_in_bytes", "memory.failcnt"]) {
      rmSync(join(kernel.cgroupRoot, V1, file));
    }
    const columns = sampleOf(open());
    for (const name of [
      "kernel_bytes",
      "limit_hits",
      "high_events",
      "max_events",
      "scanned_pages",
      "reclaimed_pages",
    ]) {
      expect(columns).not.toHaveProperty(`memory_${name}`);
    }
    kernel.write(`${V1}/memory.stat`, "total_rss 5\ntotal_dirty x\ntotal_cache 1");
    expect(sampleOf(open())).toEqual({
      memory_usage_bytes: 22_142_976,
      memory_max_usage_bytes: 23_322_624,
      memory_rss_bytes: 5,
    });
  });

  it("never has a working set below zero", () => {
    kernel.write(`${V1}/memory.usage_in_bytes`, "4096\n");
    expect(sampleOf(open())["memory_working_set_bytes"]).toBe(0);
  });
});

describe("memory on v2", () => {
  beforeEach(() => useAnother("cgroup-v2"));

  it("is what the kernel wrote", () => {
    kernel.write(`${SCOPE.slice(1)}/cgroup.subtree_control`, "cpu pids\n");
    expect(sampleOf(open(SCOPE))).toEqual({
      memory_usage_bytes: 28_192_768,
      memory_max_usage_bytes: 67_108_864,
      memory_working_set_bytes: 28_192_768 - 3_522_560,
      memory_rss_bytes: 167_936,
      memory_cache_bytes: 27_131_904,
      memory_mapped_file_bytes: 1_527_808,
      memory_swap_bytes: 67_108_864,
      memory_active_file_bytes: 6_770_688,
      memory_inactive_file_bytes: 3_522_560,
      memory_faults: 13_964,
      memory_major_faults: 55,
      memory_own_faults: 13_964,
      memory_own_major_faults: 55,
      memory_kernel_bytes: 774_144,
      memory_limit_hits: 443,
      memory_high_events: 0,
      memory_max_events: 443,
      memory_dirty_bytes: 0,
      memory_writeback_bytes: 0,
      memory_scanned_pages: 45_467,
      memory_reclaimed_pages: 17_272,
      memory_refaulted_file_pages: 877,
      memory_refaulted_anon_pages: 14,
    });
  });

  it("has page faults of the cgroup alone only as long as no child counts its own", () => {
    const control = `${SCOPE.slice(1)}/cgroup.subtree_control`;
    kernel.write(control, "");
    const probe = open(SCOPE);
    expect(sampleOf(probe)["memory_own_faults"]).toBe(13_964);
    kernel.write(control, "cpu memory\n");
    expect(sampleOf(probe)).not.toHaveProperty("memory_own_faults");
    // What the child counted is in the number for good.
    kernel.write(control, "\n");
    expect(sampleOf(probe)).not.toHaveProperty("memory_own_faults");
    expect(sampleOf(probe)["memory_faults"]).toBe(13_964);
  });

  it("is absent where the controller is off", () => {
    kernel.write("off/cgroup.procs", "");
    kernel.write("off/cgroup.subtree_control", "");
    expect(memory.open(cgroupAt(kernel.hierarchies, "/off"), host)).toBeUndefined();
  });

  it("takes the root's usage from what its pages add up to, and its swap from the machine's", () => {
    useAnother("empty-v2");
    kernel.write(
      "memory.stat",
      "anon 100\nfile 50\nkernel 7\nfile_mapped 1\nactive_file 2\ninactive_file 30\npgfault 4\npgmajfault 5\n",
    );
    kernel.proc(
      "meminfo",
      "MemTotal: 9 kB\nSwapTotal:    1000 kB\nSwapFree:      976 kB\nX: 1 kB\n",
    );
    expect(sampleOf(open("/"))).toEqual({
      memory_usage_bytes: 150,
      memory_working_set_bytes: 120,
      memory_swap_bytes: 24 * 1024,
      memory_rss_bytes: 100,
      memory_cache_bytes: 50,
      memory_mapped_file_bytes: 1,
      memory_active_file_bytes: 2,
      memory_inactive_file_bytes: 30,
      memory_faults: 4,
      memory_major_faults: 5,
      memory_kernel_bytes: 7,
    });
  });
});

describe("swap in use", () => {
  it.each([
    ["SwapTotal:       0 kB\nSwapFree:        0 kB\n", 0],
    ["MemTotal: 1 kB\nSwapCached: 5 kB\nSwapTotal: 10 kB\nZswap: 1 kB\nSwapFree: 4 kB\n", 6144],
    ["SwapTotal: 10 kB\n", NaN],
    ["SwapTotal: 10 kB\nSwapFree: 4", NaN],
    ["SwapTotal: x kB\nSwapFree: 4 kB\n", NaN],
    ["", NaN],
  ])("of %j is %d bytes", (meminfo, bytes) => {
    expect(parseSwapInUse(meminfo)).toBe(bytes);
  });
});

describe("a cgroup that stands still", () => {
  /** Counts the reads of each of some samples, with what was said of its page cache. */
  function samples(probe: Probe, count: number): { reads: number; cache: number | undefined }[] {
    return Array.from({ length: count }, () => {
      const before = host.files.reads;
      const cache = sampleOf(probe, { usage: 5 })["memory_cache_bytes"];
      return { reads: host.files.reads - before, cache };
    });
  }

  function useClean(): void {
    kernel.write(
      `${V1}/memory.stat`,
      "total_cache 8192\ntotal_inactive_file 4096\ntotal_dirty 0\n",
    );
  }

  it("is read whole in every fifth sample, and keeps its numbers in between", () => {
    useClean();
    const probe = open();
    samples(probe, 5);
    kernel.write(`${V1}/memory.stat`, "total_cache 9000\ntotal_inactive_file 0\ntotal_dirty 0\n");
    const round = samples(probe, 5);
    expect(round.filter(({ reads }) => reads === 1)).toHaveLength(4);
    expect(round.filter(({ cache }) => cache === undefined)).toEqual([]);
    expect(round[4]?.cache).toBe(9000);
    expect(sampleOf(probe, { usage: 5 })).toMatchObject({
      memory_usage_bytes: 22_142_976,
      memory_working_set_bytes: 22_142_976,
      memory_max_usage_bytes: 23_322_624,
    });
  });

  it("does not take its turn in the same sample as all others", () => {
    useClean();
    const whole = Array.from({ length: 5 }, () => {
      const probe = open();
      samples(probe, 5);
      return samples(probe, 5).findIndex(({ reads }) => reads > 1);
    });
    expect(whole.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });

  it("is read at once when it runs or its usage changes, together with its usage", () => {
    useClean();
    const probe = open();
    samples(probe, 10);
    for (let time = 1; time <= 6; time++) {
      kernel.write(`${V1}/memory.usage_in_bytes`, `${100_000 + time}\n`);
      kernel.write(`${V1}/memory.stat`, `total_cache 1\ntotal_inactive_file ${time}\n`);
      expect(sampleOf(probe, { usage: 5 })["memory_working_set_bytes"]).toBe(100_000);
    }
    samples(probe, 10);
    for (let usage = 6; usage <= 12; usage++) {
      kernel.write(`${V1}/memory.stat`, `total_cache ${usage}\n`);
      expect(sampleOf(probe, { usage })["memory_cache_bytes"]).toBe(usage);
    }
  });

  it("is read in every sample as long as something is to be written, or CPU time is not known", () => {
    kernel.write(`${V1}/memory.stat`, "total_cache 8192\ntotal_dirty 4096\n");
    expect(samples(open(), 12).every(({ reads }) => reads > 1)).toBe(true);
    useClean();
    const probe = open();
    for (let cache = 1; cache <= 12; cache++) {
      kernel.write(`${V1}/memory.stat`, `total_cache ${cache}\ntotal_dirty 0\n`);
      expect(sampleOf(probe)["memory_cache_bytes"]).toBe(cache);
    }
  });
});
