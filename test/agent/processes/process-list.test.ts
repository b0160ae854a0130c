import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ProcessList } from "../../../agent/processes/process-list.ts";
import {
  parseCgroupOf,
  parseProcessStat,
  parseUserId,
  parseUsers,
} from "../../../agent/processes/process-stat.ts";
import { systemClock } from "../../../lib/clock.ts";

const REST =
  "0 0 93784 25 0 0 20 0 1 0 500 4554752 880 18446744073709551615 1 1 0 0 0 0 0 0 65538 0 0 0 17 1 0 0";

describe("a line of /proc/<pid>/stat", () => {
  it("is understood whatever the name is", () => {
    for (const name of ["sh", "a b", "a) S 1 (b", "", "(("]) {
      expect(
        parseProcessStat(`775 (${name}) S 1 775 775 0 -1 4194560 0 0 ${REST}\n`),
      ).toMatchObject({
        pid: 775,
        parent: 1,
        command: name,
      });
    }
  });

  it("tells what ps shows", () => {
    expect(parseProcessStat(`775 (sh) S 1 775 775 0 -1 4194560 0 0 ${REST}\n`)).toEqual({
      pid: 775,
      parent: 1,
      command: "sh",
      status: "Ss",
      cpuSeconds: 938.09,
      startSeconds: 5,
      virtualBytes: 4_554_752,
      processor: 1,
    });
  });

  it.each(["", "775", "775 (sh", "775 (sh) S 1 2 3", "x (sh) S 1"])("%s is none", (text) => {
    expect(parseProcessStat(text)).toBeUndefined();
  });
});

it("users, their names and cgroups are read", () => {
  expect(parseUserId("Name:\tsh\nUid:\t1000\t33\t33\t33\nGid:\t0\n")).toBe(33);
  expect(parseUserId("")).toBe(Number.NaN);
  const users = parseUsers("root:x:0:0::/root:/bin/sh\nwww:x:33:33\nbad\nother:x:33:1\n#:x:y\n");
  expect([...users]).toEqual([
    [0, "root"],
    [33, "www"],
  ]);
  expect(parseCgroupOf("4:memory:/m\n2:cpu,cpuacct:/c:d\n0::/u\n")).toBe("/c:d");
  expect(parseCgroupOf("0::/u\n")).toBe("/u");
  expect(parseCgroupOf("")).toBe("");
});

describe("a list", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-ps-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function listOf(pids: readonly number[], id = "/a"): ReturnType<ProcessList["of"]> {
    writeFileSync(join(folder, "cgroup.procs"), pids.map((pid) => `${pid}\n`).join(""));
    const list = new ProcessList({ procRoot: "/proc", rootfs: "/", clock: systemClock });
    const directories = [{ version: 1, directory: folder } as const];
    return list.of({ id, directories, controller: () => undefined });
  }

  it("has the processes that are there, and none that have gone", async () => {
    const found = await listOf([process.pid, 2 ** 22 + 1, process.pid]);
    expect(found).toHaveLength(1);
    const [own] = found;
    expect(own).toMatchObject({
      pid: process.pid,
      parent: process.ppid,
      command: readFileSync("/proc/self/comm", "utf8").trim(),
    });
    const began = Date.now() - process.uptime() * 1000;
    expect(Math.abs(own!.startedAt - began)).toBeLessThan(60_000);
    expect(own!.rssBytes).toBeGreaterThan(1 << 20);
    expect(own!.descriptors).toBeGreaterThan(3);
  });

  it("is of the whole machine for the machine", async () => {
    const pids = (await listOf([], "/")).map(({ pid }) => pid);
    expect(pids).toContain(process.pid);
    expect(pids).toEqual(pids.toSorted((a, b) => a - b));
  });

  it("has no more than 2000, and nothing where there is nothing", async () => {
    expect(await listOf([])).toEqual([]);
    mkdirSync(join(folder, "empty"));
    const many = Array.from({ length: 2001 }, (_, index) => 3_000_000 + index);
    expect(await listOf([...many, process.pid])).toHaveLength(1);
  });
});
