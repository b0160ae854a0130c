import { closeSync, openSync, writeFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Libc } from "../../../agent/syscalls/libc.ts";
import {
  closePerfGroup,
  encodePerfEvent,
  openPerfGroup,
  type PerfEvent,
  readPerfGroup,
} from "../../../agent/syscalls/perf-event.ts";

const EVENT: PerfEvent = {
  type: 0x01020304,
  config: 0x1112131415161718n,
  config1: 0x21n,
  config2: 0xff00000000000000n,
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("a perf_event_attr", () => {
  it("is laid out as linux/perf_event.h has it", () => {
    expect(hex(encodePerfEvent(EVENT, false))).toBe(
      [
        "04030201", // type
        "48000000", // size 72
        "1817161514131211", // config
        "0000000000000000", // sample_period
        "0000000000000000", // sample_type
        "0b00000000000000", // read_format: enabled, running, group
        "0000000000000000", // flags
        "00000000", // wakeup_events
        "00000000", // bp_type
        "2100000000000000", // config1
        "00000000000000ff", // config2
      ].join(""),
    );
  });

  it.each([
    ["a leader is off at first", {}, true, 0x01],
    ["a member is on", {}, false, 0x00],
    ["user mode alone leaves out the kernel", { only: "user" }, false, 0x20],
    ["the kernel alone leaves out user mode", { only: "kernel" }, true, 0x11],
  ] as const)("has its flags: %s", (_, extra, isLeader, flags) => {
    expect(encodePerfEvent({ ...EVENT, ...extra }, isLeader)[40]).toBe(flags);
  });
});

describe("a group of perf events", () => {
  let folder: string;
  let calls: string[];
  let answers: number[];
  let libc: Libc;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-perf-"));
    calls = [];
    answers = [];
    libc = {
      perfEventOpen(attr, pid, cpu, group, flags) {
        calls.push(`open ${attr[0]} pid ${pid} cpu ${cpu} group ${group} flags ${flags}`);
        return answers.shift() ?? -2;
      },
      ioctl(descriptor, request, argument) {
        calls.push(`ioctl ${descriptor} ${request} ${argument}`);
        return answers.shift() ?? 0;
      },
    };
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** A descriptor of a file that holds these numbers, of 64 bits each. */
  function descriptorOf(numbers: readonly bigint[]): number {
    const file = join(folder, "numbers");
    writeFileSync(file, Buffer.from(BigUint64Array.from(numbers).buffer));
    return openSync(file, "r");
  }

  const events = [1, 2].map((type) => ({ type, config: 0n, config1: 0n, config2: 0n }));

  it("is led by its first event, counted for the cgroup, and started when it stands", () => {
    const [leader, member] = [descriptorOf([]), descriptorOf([])];
    answers = [leader, member];
    const group = openPerfGroup(libc, events, { cgroup: 7, cpu: 3 });
    expect(calls).toEqual([
      "open 1 pid 7 cpu 3 group -1 flags 12",
      `open 2 pid 7 cpu 3 group ${leader} flags 12`,
      `ioctl ${leader} 9216 0`,
    ]);
    expect(group).toEqual({ descriptors: [leader, member] });
    if (typeof group !== "number") closePerfGroup(group);
    expect(() => closeSync(leader)).toThrow("EBADF");
  });

  it("is counted for the whole machine without a cgroup", () => {
    openPerfGroup(libc, events, { cgroup: undefined, cpu: 0 });
    expect(calls).toEqual(["open 1 pid -1 cpu 0 group -1 flags 8"]);
  });

  it("is none, and leaves nothing open, where the kernel refuses a member", () => {
    const leader = descriptorOf([]);
    answers = [leader, -22];
    expect(openPerfGroup(libc, events, { cgroup: 7, cpu: 3 })).toBe(-22);
    expect(() => closeSync(leader)).toThrow("EBADF");
  });

  it("is none where it can't be started", () => {
    answers = [descriptorOf([]), descriptorOf([]), -9];
    expect(openPerfGroup(libc, events, { cgroup: 7, cpu: 3 })).toBe(-9);
  });

  it("is read with its times, numbers above 32 bits included", () => {
    const descriptor = descriptorOf([
      2n,
      5_000_000_000n,
      2_500_000_000n,
      9_007_199_254_740_991n,
      3n,
    ]);
    const reading = { enabled: 0, running: 0, counts: new Float64Array(2) };
    readPerfGroup({ descriptors: [descriptor, -1] }, reading);
    expect(reading).toEqual({
      enabled: 5e9,
      running: 2.5e9,
      counts: Float64Array.of(Number.MAX_SAFE_INTEGER, 3),
    });
    closeSync(descriptor);
  });

  it("is not guessed at where the kernel gives too little", () => {
    const descriptor = descriptorOf([1n, 1n]);
    const reading = { enabled: 0, running: 0, counts: new Float64Array(1) };
    expect(() => readPerfGroup({ descriptors: [descriptor] }, reading)).toThrow("16 bytes of 32");
    closeSync(descriptor);
  });
});
