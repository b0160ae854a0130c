import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { filesToKeep, parseDescriptorLimit } from "../../../agent/cgroup/descriptor-limit.ts";
import { KernelFiles } from "../../../agent/cgroup/kernel-files.ts";
import { KeyedFile } from "../../../agent/cgroup/parse.ts";

let folder: string;
let files: KernelFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-files-"));
  files = new KernelFiles();
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("kernel files", () => {
  it("are read again from the beginning while they stay open", () => {
    const path = write("usage", "1\n");
    const file = files.keep(path);
    expect(files.number(file)).toBe(1);
    writeFileSync(path, "22\n");
    expect(files.number(file)).toBe(22);
    expect(files.open).toBe(1);
    files.release(file);
    files.release(file);
    expect(files.open).toBe(0);
  });

  it("that are missing are absent and no failure", () => {
    expect(files.keep(join(folder, "missing"))).toBeUndefined();
    expect(files.number(undefined)).toBeNaN();
    expect([...files.failures]).toEqual([]);
  });

  it("that hold garbage or nothing are absent, and counted", () => {
    expect(files.number(files.keep(write("garbage", "4x\n")))).toBeNaN();
    expect(files.number(files.keep(write("empty", "")))).toBeNaN();
    expect(
      files.keyed(files.keep(write("stat", "x 1\n")), new KeyedFile(["anon"])),
    ).toBeUndefined();
    expect(files.failures.get("malformed")).toBe(3);
  });

  it("that can't be read just now are absent and counted, and read again", () => {
    // A directory opens, but reading it fails.
    const file = files.keep(folder);
    expect(file).toBeDefined();
    for (const failures of [1, 2]) {
      expect(files.number(file)).toBeNaN();
      expect([...files.failures]).toEqual([["other", failures]]);
      expect(files.open).toBe(1);
    }
    files.release(file);
  });

  it("of what has gone are closed, absent and counted once", async () => {
    const child = spawn("sleep", ["100"]);
    const file = files.keep(`/proc/${child.pid}/task/${child.pid}/stat`);
    expect(files.read(file)).toBe(true);
    child.kill();
    await once(child, "exit");
    for (let reading = 0; reading < 2; reading++) {
      expect(files.read(file)).toBe(false);
      expect([...files.failures]).toEqual([["gone", 1]]);
      expect(files.open).toBe(0);
    }
  });

  it("of any length are read whole, up to a bound", () => {
    const long = files.keep(write("long", "1\n".repeat(200_000)), true);
    expect(files.read(long)).toBe(true);
    expect(files.text.length).toBe(400_000);
    const endless = files.keep(write("endless", "1\n".repeat(3_000_000)), true);
    expect(files.read(endless)).toBe(false);
    expect(files.failures.get("too_large")).toBe(1);
  });
});

describe("kernel files when descriptors are few", () => {
  it("are opened for each read, all but those that must be kept, and said so once", () => {
    let warnings = 0;
    const few = new KernelFiles(1, () => warnings++);
    const first = few.keep(write("first", "1\n"));
    const second = few.keep(write("second", "2\n"));
    const third = few.keep(write("third", "3\n"));
    const needed = few.keep(write("needed", "4\n"), false, true);
    expect([first, second, third, needed].map((file) => few.number(file))).toEqual([1, 2, 3, 4]);
    expect(few.open).toBe(2);
    writeFileSync(join(folder, "second"), "22\n");
    expect(few.number(second)).toBe(22);
    rmSync(join(folder, "second"));
    expect(few.number(second)).toBeNaN();
    for (const file of [first, second, third, needed]) few.release(file);
    expect(few.open).toBe(0);
    expect(warnings).toBe(1);
  });
});

describe("files of processes", () => {
  it("count no failure for a process that has ended, before or while it is read", async () => {
    const child = spawn("sleep", ["1000"]);
    await once(child, "spawn");
    const path = `/proc/${child.pid}/limits`;
    expect(files.readOfProcess(path)).toBe(true);
    const [first, second] = [files.keep(path), files.keep(path)];
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(files.read(first, true)).toBe(false);
    expect(files.readOfProcess(path)).toBe(false);
    expect([...files.failures]).toEqual([]);
    expect(files.read(second)).toBe(false);
    expect([...files.failures]).toEqual([["gone", 1]]);
    expect(files.open).toBe(0);
  });
});

describe("the limit on descriptors", () => {
  it("is read, and leaves some for others", () => {
    const limits = "Limit                     Soft Limit           Hard Limit           Units\n";
    expect(
      parseDescriptorLimit(
        `${limits}Max open files            20000                20000                files\n`,
      ),
    ).toBe(20_000);
    expect(
      parseDescriptorLimit(
        `${limits}Max open files            unlimited            unlimited            files\n`,
      ),
    ).toBe(Infinity);
    expect(parseDescriptorLimit("")).toBe(Infinity);
    expect(filesToKeep(20_000)).toBe(14_000);
    expect(filesToKeep(300)).toBe(44);
    expect(filesToKeep(Infinity)).toBe(Infinity);
  });
});
