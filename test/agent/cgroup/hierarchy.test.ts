import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cgroupAt } from "../../../agent/cgroup/cgroup.ts";
import { findHierarchies } from "../../../agent/cgroup/hierarchy.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "plimsoll-hierarchy-"));
});

afterEach(() => rmSync(root, { recursive: true }));

function makeV1(): void {
  for (const name of ["cpu,cpuacct", "memory", "pids", "blkio", "devices", "systemd"]) {
    mkdirSync(join(root, name));
  }
  for (const name of ["cpu", "cpuacct"]) symlinkSync("cpu,cpuacct", join(root, name));
}

describe("the hierarchies of a host", () => {
  it("are one in v2", () => {
    writeFileSync(join(root, "cgroup.controllers"), "cpu io memory pids\n");
    const found = findHierarchies(root);
    expect(found.mode).toBe("v2");
    expect(found.all).toEqual([
      { version: 2, directory: root, controllers: new Set(["cpu", "io", "memory", "pids"]) },
    ]);
    expect(cgroupAt(found, "/a/b").controller("memory")).toEqual({
      version: 2,
      directory: join(root, "a/b"),
    });
  });

  it("are one for each controller in v1, links taken as what they point to", () => {
    makeV1();
    const found = findHierarchies(root);
    expect(found.mode).toBe("v1");
    expect(found.all).toHaveLength(4);
    const cgroup = cgroupAt(found, "/docker/x");
    expect(cgroup.controller("cpu")).toEqual(cgroup.controller("cpuacct"));
    expect(cgroup.controller("cpu")?.directory).toBe(join(root, "cpu,cpuacct/docker/x"));
    expect(cgroup.controller("hugetlb")).toBeUndefined();
  });

  it("are both in a hybrid host", () => {
    makeV1();
    mkdirSync(join(root, "unified"));
    writeFileSync(join(root, "unified", "cgroup.controllers"), "");
    const found = findHierarchies(root);
    expect(found.mode).toBe("hybrid");
    const cgroup = cgroupAt(found, "/docker/x");
    expect(cgroup.controller("memory")?.version).toBe(1);
    expect(cgroup.directories.map((place) => place.version)).toEqual([1, 1, 1, 1, 2]);
  });

  it("that are not there are named in the error", () => {
    expect(() => findHierarchies(join(root, "nowhere"))).toThrow(
      /^cannot find cgroups: neither .*nowhere\/cgroup.controllers nor .*nowhere\/memory is there$/,
    );
  });
});
