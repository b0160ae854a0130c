import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { startChild, type Child } from "./child.ts";
import { mountPoints, removeCgroup, removeRun } from "./leftovers.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";

/** A cgroup to make by hand. */
export interface CgroupOptions {
  /** Moves a sleeping process (or this command) into it. */
  process?: boolean | readonly string[];
  /** Limit in cores. */
  cpus?: number;
  memoryBytes?: number;
}

/** A cgroup made by hand, the same path under each controller. */
export interface PlainCgroup {
  /** From the root of each hierarchy, `/plimsoll-test-…/NAME`. */
  readonly path: string;
  /** Its process, if it was given one. */
  readonly pid: number | undefined;
  /** Its folder in the hierarchy of a controller: `memory`, `cpu`, … On cgroup v2 one folder for all. */
  folder(controller: string): string;
  /** A file of it, such as `read("memory", "memory.usage_in_bytes")`, without white space around. */
  read(controller: string, file: string): Promise<string>;
  /** Starts a command that is in it from its first instruction on. */
  run(command: readonly string[], around?: { cwd?: string; netns?: string }): Promise<Child>;
  /** Ends its processes and removes it. */
  remove(): Promise<void>;
}

/** Cgroups under one parent of a test's own. */
export interface Cgroups {
  /** `/plimsoll-test-…`. */
  readonly parent: string;
  readonly version: 1 | 2;
  create(name: string, options?: CgroupOptions): Promise<PlainCgroup>;
  /** Removes all of them, with the parent. */
  close(): Promise<void>;
}

interface Hierarchy {
  mount: string;
  controllers: readonly string[];
}

/** Makes a parent cgroup in every hierarchy of this machine: each mount of cgroup v1, or the one of v2. */
export async function openCgroups(): Promise<Cgroups> {
  const run = await openRunFolder();
  const { version, hierarchies } = findHierarchies();
  const parent = `/${run.name}`;
  for (const hierarchy of hierarchies) {
    if (version === 2) await delegate(hierarchy, hierarchy.mount);
    await makeFolder(hierarchy, parent);
    if (version === 2) await delegate(hierarchy, path.join(hierarchy.mount, parent));
  }
  return {
    parent,
    version,
    create: (name, options = {}) => createCgroup(run, hierarchies, name, options),
    close: () => removeRun(run.name),
  };
}

// With any controller on v1 the v2 mount beside it (hybrid) has no numbers of interest.
function findHierarchies(): { version: 1 | 2; hierarchies: Hierarchy[] } {
  const v1 = mountPoints().filter(({ type }) => type === "cgroup");
  if (v1.length > 0) {
    const hierarchies = v1.map(({ point, options }) => ({
      mount: point,
      controllers: options.filter((option) => option !== "rw"),
    }));
    return { version: 1, hierarchies };
  }
  const v2 = mountPoints().find(({ type }) => type === "cgroup2");
  if (v2 === undefined) throw new Error("cannot find a cgroup file system on this machine");
  const controllers = readFileSync(path.join(v2.point, "cgroup.controllers"), "utf8");
  return {
    version: 2,
    hierarchies: [{ mount: v2.point, controllers: controllers.trim().split(" ") }],
  };
}

async function delegate({ controllers }: Hierarchy, folder: string): Promise<void> {
  const wanted = controllers.filter((name) => ["cpu", "memory", "io", "pids"].includes(name));
  const line = wanted.map((name) => `+${name}`).join(" ");
  await writeFile(path.join(folder, "cgroup.subtree_control"), line);
}

async function makeFolder(hierarchy: Hierarchy, cgroup: string): Promise<void> {
  const folder = path.join(hierarchy.mount, cgroup);
  await mkdir(folder);
  if (!hierarchy.controllers.includes("cpuset") || !existsSync(`${folder}/cpuset.mems`)) return;
  // A v1 cpuset starts empty, and takes no process before it has both (cgroup-v1/cpusets).
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    await writeFile(`${folder}/${file}`, await readFile(`${path.dirname(folder)}/${file}`));
  }
}

async function createCgroup(
  run: RunFolder,
  hierarchies: readonly Hierarchy[],
  name: string,
  options: CgroupOptions,
): Promise<PlainCgroup> {
  const cgroup = `/${run.name}/${name}`;
  for (const hierarchy of hierarchies) await makeFolder(hierarchy, cgroup);
  const folder = (controller: string): string => {
    const hierarchy = hierarchies.find(({ controllers }) => controllers.includes(controller));
    if (hierarchy === undefined) throw new Error(`this machine has no controller ${controller}`);
    return path.join(hierarchy.mount, cgroup);
  };
  await limit(folder, options);
  const child = await startProcess(run, options);
  if (child !== undefined) {
    for (const { mount } of hierarchies) {
      await writeFile(path.join(mount, cgroup, "cgroup.procs"), String(child.pid));
    }
  }
  return {
    path: cgroup,
    pid: child?.pid,
    folder,
    read: async (controller, file) =>
      (await readFile(path.join(folder(controller), file), "utf8")).trim(),
    run([...command], around = {}) {
      const lists = hierarchies.map(({ mount }) => path.join(mount, cgroup, "cgroup.procs"));
      const join = lists.map((list) => `echo $$ > ${list} && `).join("");
      const args = ["-c", `${join}exec "$@"`, "sh", ...command];
      return startChild({ ...around, command: "sh", args, env: run.env });
    },
    async remove() {
      for (const { mount } of hierarchies) await removeCgroup(path.join(mount, cgroup));
      await child?.exited;
    },
  };
}

async function limit(
  folder: (controller: string) => string,
  { cpus, memoryBytes }: CgroupOptions,
): Promise<void> {
  if (cpus !== undefined) {
    const quota = Math.round(cpus * 100_000);
    const cpu = folder("cpu");
    if (existsSync(`${cpu}/cpu.cfs_quota_us`))
      await writeFile(`${cpu}/cpu.cfs_quota_us`, `${quota}`);
    else await writeFile(`${cpu}/cpu.max`, `${quota} 100000`);
  }
  if (memoryBytes !== undefined) {
    const memory = folder("memory");
    const old = `${memory}/memory.limit_in_bytes`;
    await writeFile(existsSync(old) ? old : `${memory}/memory.max`, `${memoryBytes}`);
  }
}

async function startProcess(run: RunFolder, options: CgroupOptions): Promise<Child | undefined> {
  const wanted = options.process ?? false;
  if (wanted === false) return undefined;
  const [command = "sleep", ...args] = wanted === true ? ["sleep", "100000"] : wanted;
  return startChild({ command, args, env: run.env });
}
