import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { parseReferenced, ReferencedMemory } from "../../../agent/collectors/referenced-memory.ts";
import { referenced } from "../../../agent/collectors/referenced.ts";
import { FakeKernel } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";
const LIST = `memory${WEB}/cgroup.procs`;

let kernel: FakeKernel;
let host: Host;

function use(resetEvery: number): void {
  const plain = kernel.host();
  const memory = new ReferencedMemory(kernel.procRoot, plain.files, resetEvery);
  host = { ...plain, referenced: memory };
}

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  use(0);
});
afterEach(() => kernel[Symbol.dispose]());

function uses(pid: number, kilobytes: number): void {
  kernel.proc(
    `${pid}/smaps_rollup`,
    `Rss:  999 kB\nReferenced:  ${kilobytes} kB\nAnonymous: 1 kB\n`,
  );
}

/** Samples until the number is this one. */
async function settled(probe: Probe, bytes: number | undefined): Promise<void> {
  await vi.waitFor(() => expect(sampleOf(probe)["referenced_bytes"]).toBe(bytes));
}

describe("referenced memory", () => {
  it("is that of all processes, told at a later sample", async () => {
    kernel.write(LIST, "12\n13\n");
    uses(12, 100);
    uses(13, 20);
    const probe = probeOf(kernel, host, referenced, WEB);
    expect(sampleOf(probe)).toEqual({});
    await settled(probe, 120 * 1024);
    rmSync(join(kernel.procRoot, "13"), { recursive: true });
    await settled(probe, 100 * 1024);
  });

  it("comes from the long list where there is no short one", async () => {
    kernel.write(LIST, "12\n");
    kernel.proc("12/smaps", "Size: 8 kB\nReferenced: 4 kB\nX: 1 kB\nReferenced:  8 kB\n");
    await settled(probeOf(kernel, host, referenced, WEB), 12 * 1024);
  });

  it("is absent without a process, and where one is not to be seen", async () => {
    kernel.write(LIST, "");
    const probe = probeOf(kernel, host, referenced, WEB);
    uses(12, 100);
    kernel.write(LIST, "12\n");
    await settled(probe, 100 * 1024);
    kernel.write(LIST, "12\n0\n");
    await settled(probe, undefined);
    kernel.write(LIST, "12\n");
    await settled(probe, 100 * 1024);
    kernel.write(LIST, "");
    await settled(probe, undefined);
  });

  it("is not measured where nobody asks for it", () => {
    const cgroup = cgroupAt(kernel.hierarchies, WEB);
    expect(referenced.open(cgroup, host)).toBeUndefined();
    kernel.write(LIST, "");
    const { referenced: _memory, ...without } = host;
    expect(referenced.open(cgroup, without)).toBeUndefined();
  });

  it("is measured again only when the cgroup has run", async () => {
    kernel.write(LIST, "12\n");
    uses(12, 100);
    const probe = probeOf(kernel, host, referenced, WEB);
    const sample = (): number | undefined => sampleOf(probe, { usage: 5 })["referenced_bytes"];
    await vi.waitFor(() => expect(sample()).toBe(100 * 1024));
    for (let time = 0; time < 3; time++) {
      sample();
      await host.referenced!.measure([], false);
    }
    uses(12, 50);
    sample();
    await host.referenced!.measure([], false);
    expect(sample()).toBe(100 * 1024);
    await settled(probe, 50 * 1024);
  });
});

describe("the marks", () => {
  const cleared = (): string => readFileSync(join(kernel.procRoot, "12/clear_refs"), "utf8");

  it("are cleared after every so many measurements", async () => {
    use(3);
    kernel.write(LIST, "12\n");
    uses(12, 100);
    kernel.proc("12/clear_refs", "");
    const probe = probeOf(kernel, host, referenced, WEB);
    const marks: string[] = [];
    for (let time = 0; time < 4; time++) {
      sampleOf(probe);
      await host.referenced!.measure([], false);
      marks.push(cleared());
    }
    expect(marks).toEqual(["", "", "1", "1"]);
  });

  it("are never cleared if nothing is set", async () => {
    kernel.write(LIST, "12\n");
    uses(12, 100);
    kernel.proc("12/clear_refs", "");
    const probe = probeOf(kernel, host, referenced, WEB);
    for (let time = 0; time < 4; time++) {
      sampleOf(probe);
      await host.referenced!.measure([], false);
    }
    expect(cleared()).toBe("");
  });
});

describe("lines of referenced memory", () => {
  it.each([
    ["Referenced:  5 kB\n", 5120],
    ["Referenced:  5 kB\nReferenced: 1 kB\n", 6144],
    ["Referenced:  5 MB\nXReferenced: 1 kB\nReferenced: x kB\n", NaN],
    ["", NaN],
  ])("%j are %d bytes", (text, bytes) => {
    expect(parseReferenced(text)).toBe(bytes);
  });
});
