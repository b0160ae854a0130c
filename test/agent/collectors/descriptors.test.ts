import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import type { Host, Probe } from "../../../agent/collectors/collector.ts";
import { descriptors, parseMaxOpenFiles } from "../../../agent/collectors/descriptors.ts";
import { process as processes } from "../../../agent/collectors/process.ts";
import { NO_LIMITS } from "../../../wire/container.ts";
import { FakeKernel, V2_ID } from "../fake-kernel.ts";
import { probeOf, sampleOf } from "./probing.ts";

const WEB = "/docker/web";
const SCOPE = `/system.slice/docker-${V2_ID}.scope`;

let kernel: FakeKernel;
let host: Host;

beforeEach(() => {
  kernel = new FakeKernel("cgroup-v1");
  host = kernel.host();
});
afterEach(() => kernel[Symbol.dispose]());

function list(...pids: (number | string)[]): void {
  kernel.write(`pids${WEB}/cgroup.procs`, pids.map((pid) => `${pid}\n`).join(""));
}

/** Gives a process these open files, and no others. */
function holds(pid: number, ...targets: string[]): void {
  const folder = join(kernel.procRoot, String(pid), "fd");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [index, target] of targets.entries()) symlinkSync(target, join(folder, `${index}`));
}

function limit(pid: number, soft: string): void {
  kernel.proc(
    `${pid}/limits`,
    "Limit                     Soft Limit           Hard Limit           Units     \n" +
      "Max processes             96365                96365                processes \n" +
      `Max open files            ${soft.padEnd(20)} 20000                files     \n`,
  );
}

function held(probe: Probe, usage?: number): (number | undefined)[] {
  const columns = sampleOf(probe, usage === undefined ? {} : { usage });
  return [columns["file_descriptors"], columns["sockets"]];
}

const SOCKET = "socket:[29]";
const FILE = "/var/log/socket:[1]";

describe("open file descriptors", () => {
  it("are counted of every process, and which of them are sockets", () => {
    list(12, 13);
    holds(12, "/dev/null", SOCKET, "pipe:[7]", FILE);
    holds(13, SOCKET);
    limit(12, "1024");
    const probe = probeOf(kernel, host, descriptors, WEB);
    expect(sampleOf(probe)).toEqual({
      file_descriptors: 5,
      sockets: 2,
      ulimit_hard_max_open_files: 20_000,
      ulimit_soft_max_open_files: 1024,
    });
    list();
    expect(sampleOf(probe)).toEqual({ file_descriptors: 0, sockets: 0 });
  });

  it("are counted on v2 as well", () => {
    kernel[Symbol.dispose]();
    kernel = new FakeKernel("cgroup-v2");
    host = kernel.host();
    kernel.write(`${SCOPE}/cgroup.procs`, "775\n");
    holds(775, SOCKET, SOCKET);
    expect(held(probeOf(kernel, host, descriptors, SCOPE))).toEqual([2, 2]);
  });

  it("do not miss the others for a process that has just ended", () => {
    list(11, 12);
    holds(12, SOCKET);
    expect(held(probeOf(kernel, host, descriptors, WEB))).toEqual([1, 1]);
    expect([...host.files.failures]).toEqual([]);
  });

  it.each([
    ["can't be seen from here", 0],
    ["has no number", "x"],
  ])("are absent where a process %s", (_what, pid) => {
    list(12, pid);
    holds(12, SOCKET);
    const probe = probeOf(kernel, host, descriptors, WEB);
    expect(held(probe)).toEqual([undefined, undefined]);
    list(12);
    expect(held(probe)).toEqual([1, 1]);
  });

  it("are absent where a process can't be looked into", () => {
    list(12, 13);
    holds(12, SOCKET);
    // Not a directory: the superuser may read any.
    kernel.proc("13/fd", "");
    const probe = probeOf(kernel, host, descriptors, WEB);
    expect(held(probe)).toEqual([undefined, undefined]);
    expect([...host.files.failures]).toEqual([["other", 1]]);
  });

  it("are not counted again at a standstill, and kept", () => {
    list(12);
    holds(12, SOCKET);
    const probe = probeOf(kernel, host, descriptors, WEB);
    for (let sample = 0; sample < 2; sample++) expect(held(probe, 5)).toEqual([1, 1]);
    holds(12);
    expect(held(probe, 5)).toEqual([1, 1]);
    expect(held(probe, 6)).toEqual([0, 0]);
  });

  it("of very many are counted a part in each sample, and shown when they are whole", () => {
    list(12, 13);
    holds(12, ...Array.from({ length: 700 }, () => SOCKET));
    holds(13, FILE);
    const probe = probeOf(kernel, host, descriptors, WEB);
    expect(held(probe, 5)).toEqual([undefined, undefined]);
    expect(held(probe, 6)).toEqual([undefined, undefined]);
    expect(held(probe, 7)).toEqual([701, 700]);
    // What they close while they are counted is seen in the round after.
    held(probe, 8);
    holds(12, SOCKET);
    for (let sample = 0; sample < 8; sample++) held(probe, 9);
    expect(held(probe, 9)).toEqual([2, 1]);
  });

  it("leave no directory open when it closes in the middle of a count", () => {
    list(12);
    holds(12, ...Array.from({ length: 700 }, () => FILE));
    const probe = probeOf(kernel, host, descriptors, WEB);
    held(probe);
    probe.close();
    probe.close();
    expect(host.files.open).toBe(0);
  });

  it("are not looked for where there is no such cgroup", () => {
    expect(descriptors.open(cgroupAt(kernel.hierarchies, "/nowhere"), host)).toBeUndefined();
  });
});

describe("the limit of open files", () => {
  const NAME = "ulimit_soft_max_open_files";

  it("is that of the first process, read often at first and then now and again", () => {
    list(12, 13);
    limit(12, "1024");
    limit(13, "7");
    const probe = probeOf(kernel, host, descriptors, WEB);
    const soft = (): number | undefined => sampleOf(probe, { usage: 5 })[NAME];
    expect(soft()).toBe(1024);
    limit(12, "2048");
    expect([soft(), soft()]).toEqual([1024, 2048]);
    for (let sample = 0; sample < 20; sample++) soft();
    limit(12, "unlimited");
    const later = Array.from({ length: 60 }, soft);
    expect(later[0]).toBe(2048);
    expect(later.at(-1)).toBe(-1);
  });

  it("is another's when the first process is another", () => {
    list(12);
    limit(12, "1024");
    limit(13, "7");
    const probe = probeOf(kernel, host, descriptors, WEB);
    expect(sampleOf(probe)[NAME]).toBe(1024);
    list(13);
    expect(sampleOf(probe)[NAME]).toBe(7);
    list(14);
    expect(sampleOf(probe)[NAME]).toBeUndefined();
  });

  it("is absent where the line is missing, cut or garbage", () => {
    const parse = (text: string): number => {
      const bytes = new TextEncoder().encode(`${text}0 files\n`);
      return parseMaxOpenFiles({ bytes, length: text.length });
    };
    expect(parse("Max open files            1024   4096   files     \n")).toBe(1024);
    expect(parse("Max open files            unlimited  4096   files  \n")).toBe(-1);
    for (const text of ["", "Max open files  1024", "Max open files  x 4096 files\n"]) {
      expect(parse(text), text).toBeNaN();
    }
  });
});

describe("the greatest number of threads", () => {
  it("is the limit, 0 without one, and absent where threads are not counted", () => {
    const probe = probeOf(kernel, host, processes, WEB);
    expect(sampleOf(probe)["threads_max"]).toBe(0);
    expect(sampleOf(probe, { limits: { ...NO_LIMITS, pids: 5 } })["threads_max"]).toBe(5);
    kernel[Symbol.dispose]();
    kernel = new FakeKernel("cgroup-v2");
    const root = probeOf(kernel, kernel.host(), processes, "/");
    expect(sampleOf(root)["threads_max"]).toBeUndefined();
  });
});
