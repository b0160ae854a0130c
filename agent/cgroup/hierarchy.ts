import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

/**
 * Where the kernel shows its cgroups: one tree in v2, one for each controller in v1, both in a
 * hybrid host. https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html
 */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted, links resolved. */
  readonly directory: string;
  readonly controllers: ReadonlySet<string>;
}

/** Every hierarchy of a host. */
export interface Hierarchies {
  readonly mode: "v1" | "v2" | "hybrid";
  readonly all: readonly Hierarchy[];
}

/** The file that only a v2 root has. */
const V2_MARK = "cgroup.controllers";

/** The controllers that we read; a v1 hierarchy without any of them is passed over. */
const V1_CONTROLLERS = ["cpu", "cpuacct", "memory", "pids", "blkio", "hugetlb", "cpuset"];

function readV2(directory: string): Hierarchy {
  const controllers = readFileSync(join(directory, V2_MARK), "utf8").trim().split(/\s+/);
  return { version: 2, directory, controllers: new Set(controllers) };
}

/** `cpu` is often a link to `cpu,cpuacct`: directories that are one become one. */
function readV1(root: string): Hierarchy[] {
  const byDirectory = new Map<string, Set<string>>();
  for (const name of readdirSync(root)) {
    const controllers = name.split(",").filter((part) => V1_CONTROLLERS.includes(part));
    if (controllers.length === 0) continue;
    const directory = realpathSync(join(root, name));
    const known = byDirectory.get(directory) ?? new Set();
    for (const controller of controllers) known.add(controller);
    byDirectory.set(directory, known);
  }
  return [...byDirectory].map(([directory, controllers]) => ({
    version: 1,
    directory,
    controllers,
  }));
}

/**
 * Finds the hierarchies below a root such as `/sys/fs/cgroup`.
 * @throws Error if there are none
 */
export function findHierarchies(root: string): Hierarchies {
  if (existsSync(join(root, V2_MARK))) return { mode: "v2", all: [readV2(root)] };
  const v1 = existsSync(root) ? readV1(root) : [];
  if (v1.length === 0) {
    throw new Error(
      `cannot find cgroups: neither ${join(root, V2_MARK)} nor ${join(root, "memory")} is there`,
    );
  }
  const unified = join(root, "unified");
  if (!existsSync(join(unified, V2_MARK))) return { mode: "v1", all: v1 };
  return { mode: "hybrid", all: [...v1, readV2(unified)] };
}
