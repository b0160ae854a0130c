import { endianness } from "node:os";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Probe } from "../../../agent/collectors/collector.ts";
import { memoryNuma, parseNumaV1, parseNumaV2 } from "../../../agent/collectors/memory-numa.ts";
import { parsePageSize, readPageSize } from "../../../agent/collectors/page-size.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const V1 =
  "total=15 N0=10 N1=5\nfile=7 N0=4 N1=3\nanon=8 N0=6 N1=2\nunevictable=0 N0=0 N1=0\n" +
  "hierarchical_total=1 N0=1 N1=0\nhierarchical_file=11 N0=11 N1=0\n" +
  "hierarchical_anon=12 N0=5 N1=7\nhierarchical_unevictable=9 N0=9 N1=0\n";

const V1_SERIES = [
  ['type="file",scope="container",node="0"', 4],
  ['type="file",scope="container",node="1"', 3],
  ['type="anon",scope="container",node="0"', 6],
  ['type="anon",scope="container",node="1"', 2],
  ['type="unevictable",scope="container",node="0"', 0],
  ['type="unevictable",scope="container",node="1"', 0],
  ['type="file",scope="hierarchy",node="0"', 11],
  ['type="file",scope="hierarchy",node="1"', 0],
  ['type="anon",scope="hierarchy",node="0"', 5],
  ['type="anon",scope="hierarchy",node="1"', 7],
  ['type="unevictable",scope="hierarchy",node="0"', 9],
  ['type="unevictable",scope="hierarchy",node="1"', 0],
];

const V2 =
  "anon N0=999424 N1=16384\nfile N0=1 N1=1\nfile_mapped N0=5 N1=6\ninactive_anon N0=65536 N1=0\n" +
  "active_anon N0=16384 N1=32768\ninactive_file N0=16384 N1=0\nactive_file N0=0 N1=16384\n" +
  "unevictable N0=0 N1=16384\nslab_reclaimable N0=3 N1=4\n";

const V2_SERIES = [
  ['type="anon",scope="hierarchy",node="0"', 5],
  ['type="anon",scope="hierarchy",node="1"', 2],
  ['type="file",scope="hierarchy",node="0"', 1],
  ['type="file",scope="hierarchy",node="1"', 1],
  ['type="unevictable",scope="hierarchy",node="0"', 0],
  ['type="unevictable",scope="hierarchy",node="1"', 1],
];

/** What the kernel tells a program, in words of this machine's order. */
function auxvOf(...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 8);
  for (const [index, word] of words.entries()) {
    if (endianness() === "LE") bytes.writeBigUInt64LE(BigInt(word), index * 8);
    else bytes.writeBigUInt64BE(BigInt(word), index * 8);
  }
  return bytes;
}

let kernel: FakeKernel;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
});
afterEach(() => kernel[Symbol.dispose]());

function seriesOf(probe: Probe, usage?: number): (string | number | undefined)[][] {
  sampleOf(probe, usage === undefined ? {} : { usage });
  return [...(probe.series ?? [])].map(([label, [pages]]) => [label, pages]);
}

describe("memory by node", () => {
  it("is in pages on v1, of the cgroup alone and with all below", () => {
    kernel.write("memory/docker/web/memory.numa_stat", V1);
    const probe = probeOf(kernel, kernel.host(), memoryNuma, "/docker/web");
    expect(seriesOf(probe)).toEqual(V1_SERIES);
  });

  it("is made of bytes on v2, by the page size that the kernel tells", () => {
    kernel[Symbol.dispose]();
    kernel = new FakeKernel("cgroup-v2");
    kernel.write("system.slice/memory.numa_stat", V2);
    const cgroup = cgroupAt(kernel.hierarchies, "/system.slice");
    expect(memoryNuma.open(cgroup, kernel.host())).toBeUndefined();
    kernel.proc("self/auxv", auxvOf(3, 77, 6, 16_384, 0, 0).toString("latin1"));
    const probe = probeOf(kernel, kernel.host(), memoryNuma, "/system.slice");
    expect(seriesOf(probe)).toEqual(V2_SERIES);
  });

  it("is read every fifth time while the cgroup stands still", () => {
    const file = "memory/docker/web/memory.numa_stat";
    kernel.write(file, "file=1 N0=1\n");
    const probe = probeOf(kernel, kernel.host(), memoryNuma, "/docker/web");
    for (let time = 0; time < 3; time++) seriesOf(probe, 5);
    kernel.write(file, "file=2 N0=2\n");
    const seen = Array.from({ length: 5 }, () => seriesOf(probe, 5)[0]?.[1]);
    expect(seen.filter((pages) => pages === 1)).toHaveLength(3);
    expect(seen.at(-1)).toBe(2);
    kernel.write(file, "file=3 N0=3\n");
    expect(seriesOf(probe, 6)[0]?.[1]).toBe(3);
  });

  it("is absent where the kernel does not tell it, and counted as malformed where it makes no sense", () => {
    const host = kernel.host();
    expect(memoryNuma.open(cgroupAt(kernel.hierarchies, "/docker/web"), host)).toBeUndefined();
    kernel.write("memory/docker/web/memory.numa_stat", "file=1\nanon N0=x\n");
    expect(seriesOf(probeOf(kernel, host, memoryNuma, "/docker/web"))).toEqual([]);
    expect([...host.files.failures]).toEqual([["malformed", 1]]);
  });
});

describe("lines of nodes", () => {
  it.each([
    ["v1", V1, (text: string) => parseNumaV1(text)],
    ["v2", V2, (text: string) => parseNumaV2(text, 1)],
  ])("of %s never make a number that is not there, and never throw", (_version, whole, parse) => {
    const mutation = fc.record({
      at: fc.nat({ max: whole.length }),
      remove: fc.nat({ max: 10 }),
      insert: fc.string({ unit: "binary-ascii", maxLength: 10 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 4 }), (mutations) => {
        let text = whole;
        for (const { at, remove, insert } of mutations) {
          text = text.slice(0, at) + insert + text.slice(at + remove);
        }
        const numbers = [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
        for (const [label, [pages]] of parse(text)) {
          expect(label).toMatch(
            /^type="(file|anon|unevictable)",scope="(container|hierarchy)",node="\d+"$/,
          );
          // At most as much as all that is written there.
          expect(pages).toBeLessThanOrEqual(numbers.reduce((sum, number) => sum + number, 0));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("are passed over when they are cut", () => {
    expect([...parseNumaV1("file=1 N0=1\nanon=22 N0=2").keys()]).toHaveLength(1);
    // A sum that lacks a part would be too small.
    const cut = "unevictable N0=1\nactive_file N0=1\ninactive_file N0=2";
    expect([...parseNumaV2(cut, 1).values()]).toEqual([Float64Array.of(1)]);
  });
});

describe("the page size", () => {
  it("is a power of two of this kernel's own", () => {
    const size = readPageSize("/proc");
    expect(Math.log2(size) % 1).toBe(0);
    expect(size).toBeGreaterThanOrEqual(4096);
  });

  it("is not guessed", () => {
    expect(parsePageSize(auxvOf(6, 65_536))).toBe(65_536);
    expect(parsePageSize(auxvOf(3, 6, 17, 100))).toBeNaN();
    expect(parsePageSize(auxvOf(6, 4096).subarray(0, 12))).toBeNaN();
    expect(readPageSize("/nowhere")).toBeNaN();
  });
});
