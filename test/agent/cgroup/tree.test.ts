import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Hierarchies } from "../../../agent/cgroup/hierarchy.ts";
import { CgroupTree } from "../../../agent/cgroup/tree.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "plimsoll-tree-"));
  for (const hierarchy of ["cpu", "memory"]) mkdirSync(join(root, hierarchy));
});

afterEach(() => rmSync(root, { recursive: true }));

function make(path: string, hierarchies: readonly string[] = ["cpu", "memory"]): void {
  for (const hierarchy of hierarchies) mkdirSync(join(root, hierarchy, path), { recursive: true });
}

function remove(path: string, hierarchies: readonly string[] = ["cpu", "memory"]): void {
  for (const hierarchy of hierarchies) rmdirSync(join(root, hierarchy, path));
}

function open(): CgroupTree {
  const hierarchies: Hierarchies = {
    mode: "v1",
    all: ["cpu", "memory"].map((name) => ({
      version: 1,
      directory: join(root, name),
      controllers: new Set([name]),
    })),
  };
  return new CgroupTree(hierarchies);
}

function sorted({ added, removed }: ReturnType<CgroupTree["scan"]>): [string[], string[]] {
  return [added.toSorted(), removed.toSorted()];
}

/** Removes a directory with all that is in it, or makes it. */
function toggle(path: string): void {
  if (existsSync(path)) rmSync(path, { recursive: true });
  else mkdirSync(path, { recursive: true });
}

/** Every cgroup that there is, in whichever hierarchy. */
function existing(): string[] {
  const found = ["cpu", "memory"].flatMap((hierarchy) =>
    readdirSync(join(root, hierarchy), { recursive: true, encoding: "utf8" }),
  );
  const ids = found.filter((path) => !path.endsWith(".mount")).map((path) => `/${path}`);
  return [...new Set(["/", ...ids])].toSorted();
}

describe("the tree of cgroups", () => {
  it("finds all of them at first, whichever hierarchies have them", () => {
    make("docker/a");
    make("docker/b", ["memory"]);
    expect(sorted(open().scan())).toEqual([["/", "/docker", "/docker/a", "/docker/b"], []]);
  });

  it("sees what comes and goes below a cgroup that has children at the next scan", () => {
    make("docker/a");
    const tree = open();
    tree.scan();
    expect(sorted(tree.scan())).toEqual([[], []]);
    make("docker/b");
    expect(sorted(tree.scan())).toEqual([["/docker/b"], []]);
    remove("docker/b");
    remove("docker/a");
    expect(sorted(tree.scan())).toEqual([[], ["/docker/a", "/docker/b"]]);
  });

  it("keeps a cgroup until it is gone from every hierarchy", () => {
    make("docker/a");
    const tree = open();
    tree.scan();
    remove("docker/a", ["cpu"]);
    expect(sorted(tree.scan())).toEqual([[], []]);
    remove("docker/a", ["memory"]);
    expect(sorted(tree.scan())).toEqual([[], ["/docker/a"]]);
  });

  it("sees what only another hierarchy has when it is that one's turn", () => {
    make("docker/a");
    const tree = open();
    tree.scan();
    tree.scan();
    make("docker/b", ["memory"]);
    expect(sorted(tree.scan())).toEqual([["/docker/b"], []]);
  });

  it("sees a child of a leaf within eight scans, and at once when told to look everywhere", () => {
    make("docker/a");
    const tree = open();
    tree.scan();
    make("docker/a/inner");
    const scans = Array.from({ length: 8 }, () => tree.scan());
    expect(scans.flatMap((scan) => scan.added)).toEqual(["/docker/a/inner"]);
    make("docker/a/inner/most");
    expect(sorted(tree.scan(true))).toEqual([["/docker/a/inner/most"], []]);
  });

  it("sees at the next scan what comes where something has just gone", () => {
    make("docker/a");
    const tree = open();
    tree.scan();
    remove("docker/a");
    for (let count = 0; count < 5; count++) tree.scan();
    make("docker/a");
    expect(sorted(tree.scan())).toEqual([["/docker/a"], []]);
  });

  it("sees an exchange that leaves the number of children as it was within ten scans", () => {
    make("docker/a");
    make("docker/b");
    const tree = open();
    tree.scan();
    remove("docker/a");
    make("docker/c");
    const scans = Array.from({ length: 10 }, () => tree.scan());
    expect(scans.flatMap((scan) => scan.added)).toEqual(["/docker/c"]);
    expect(scans.flatMap((scan) => scan.removed)).toEqual(["/docker/a"]);
  });

  it("sees an exchange at once when told to look everywhere", () => {
    make("docker/a");
    const tree = open();
    tree.scan();
    remove("docker/a");
    make("docker/c");
    expect(sorted(tree.scan(true))).toEqual([["/docker/c"], ["/docker/a"]]);
  });

  it("is right in the end, whatever comes and goes in which hierarchy", () => {
    const names = ["a", "b", "c", "a/x", "a/y", "b/x", "unit.mount"];
    const step = fc.record({
      name: fc.constantFrom(...names),
      hierarchies: fc.subarray(["cpu", "memory"], { minLength: 1 }),
      isScanned: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const tree = open();
        const seen = new Set<string>();
        const scan = (): void => {
          const { added, removed } = tree.scan();
          for (const id of removed) expect(seen.delete(id)).toBe(true);
          for (const id of added) expect(seen.has(id)).toBe(false);
          for (const id of added) seen.add(id);
        };
        for (const { name, hierarchies, isScanned } of steps) {
          for (const hierarchy of hierarchies) toggle(join(root, hierarchy, name));
          if (isScanned) scan();
        }
        for (let count = 0; count < 24; count++) scan();
        expect([...seen].toSorted()).toEqual(existing());
        expect([...tree.ids].toSorted()).toEqual(existing());
      }),
      { numRuns: 60 },
    );
  });

  it("takes a whole subtree away with its parent", () => {
    make("a/b/c");
    const tree = open();
    tree.scan();
    for (const path of ["a/b/c", "a/b", "a"]) remove(path);
    expect(sorted(tree.scan())).toEqual([[], ["/a", "/a/b", "/a/b/c"]]);
    expect([...tree.ids]).toEqual(["/"]);
  });

  it("passes over mount units, and survives a root that is gone", () => {
    make("system.slice/tmp.mount");
    const tree = open();
    expect(sorted(tree.scan())).toEqual([["/", "/system.slice"], []]);
    rmSync(join(root, "cpu"), { recursive: true });
    expect(() => tree.scan(true)).not.toThrow();
  });
});
