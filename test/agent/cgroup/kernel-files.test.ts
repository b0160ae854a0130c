import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

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

  it("that can't be read any more are closed, absent and counted", () => {
    // A directory opens, but reading it fails, as a cgroup's file does once the cgroup has gone.
    const file = files.keep(folder);
    expect(file).toBeDefined();
    expect(files.number(file)).toBeNaN();
    expect(files.open).toBe(0);
    expect([...files.failures.values()]).toEqual([1]);
    expect(files.number(file)).toBeNaN();
    expect([...files.failures.values()]).toEqual([1]);
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
