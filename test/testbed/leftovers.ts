import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readdir, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { runToEnd } from "./child.ts";
import { isOwnerAlive, runFolderPath, runMark, testbedFolder } from "./run-folder.ts";
import { until } from "./wait.ts";

/** Ends and removes all that carries this run's name: processes, cgroups, mounts, network namespaces, the folder. Throws with a list if something stays. */
export async function removeRun(name: string): Promise<void> {
  killProcesses(name);
  for (const folder of cgroupsOf(name)) await thaw(folder);
  for (const folder of cgroupsOf(name)) await removeCgroup(folder);
  await until(`the processes of ${name} to end`, () => processesOf(name).length === 0, {
    log: () => processesOf(name).join("\n"),
  });
  for (const mount of mountsOf(name).toReversed()) await unmount(mount);
  for (const netns of netnsOf(name)) await runToEnd("ip", ["netns", "delete", netns]);
  await rm(runFolderPath(name), { recursive: true, force: true, maxRetries: 3 });
  const left = findLeftovers(name);
  if (left.length > 0) throw new Error(`cannot clean up after ${name}: ${left.join("; ")}`);
}

/** Removes the runs whose test process is gone, for example because it was killed; returns what it could not remove. */
export async function removeDeadRuns(): Promise<string[]> {
  const runs = await readdir(path.join(testbedFolder(), "run")).catch(() => []);
  const failures: string[] = [];
  for (const name of runs) {
    if (isOwnerAlive(name)) continue;
    await removeRun(name).catch((error: unknown) => failures.push(String(error)));
  }
  return failures;
}

/** What carries this run's name, a line each, such as `process 12 dockerd …` or `mount /…`. */
export function findLeftovers(name: string): string[] {
  return [
    ...processesOf(name).map((pid) => `process ${pid} ${commandOf(pid)}`),
    ...cgroupsOf(name).map((folder) => `cgroup ${folder}`),
    ...mountsOf(name).map((mount) => `mount ${mount}`),
    ...netnsOf(name).map((netns) => `network namespace ${netns}`),
  ];
}

function processesOf(name: string): number[] {
  const mark = `${runMark}=${name}`;
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && isRunning(pid))
    .filter((pid) => readOrEmpty(`/proc/${pid}/environ`).split("\0").includes(mark));
}

// A zombie has no executable; whoever started it must collect it.
function isRunning(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== "";
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  return readOrEmpty(`/proc/${pid}/cmdline`).replaceAll("\0", " ").slice(0, 120);
}

function killProcesses(name: string): void {
  for (const pid of processesOf(name)) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function mountsOf(name: string): string[] {
  const folder = `${runFolderPath(name)}/`;
  return mountPoints()
    .map((mount) => mount.point)
    .filter((point) => point.startsWith(folder));
}

async function unmount(mount: string): Promise<void> {
  await runToEnd("umount", [mount]).catch(() => runToEnd("umount", ["--lazy", mount]));
}

function netnsOf(name: string): string[] {
  try {
    return readdirSync("/run/netns").filter(
      (entry) => entry === name || entry.startsWith(`${name}-`),
    );
  } catch {
    return [];
  }
}

function cgroupsOf(name: string): string[] {
  return cgroupMounts()
    .flatMap((mount) => readdirOrEmpty(mount).map((entry) => path.join(mount, entry)))
    .filter((folder) => path.basename(folder) === name);
}

// Under cgroup v1 a frozen process does not die before it is thawed; only one of the hierarchies can.
async function thaw(folder: string): Promise<void> {
  const state = path.join(folder, "freezer.state");
  if (existsSync(state)) await writeFile(state, "THAWED");
  for (const child of readdirOrEmpty(folder)) await thaw(path.join(folder, child));
}

/** Ends what runs in a cgroup and below, and removes it. */
export async function removeCgroup(folder: string): Promise<void> {
  for (const child of readdirOrEmpty(folder)) await removeCgroup(path.join(folder, child));
  await until(`the cgroup ${folder} to be empty`, async () => {
    for (const pid of readOrEmpty(path.join(folder, "cgroup.procs")).split("\n")) {
      if (pid !== "" && pid !== "0") kill(Number(pid));
    }
    try {
      await rmdir(folder);
    } catch (error) {
      if (existsSync(folder)) throw error;
    }
    return true;
  });
}

/** Where the cgroup hierarchies are mounted, v1 and v2. */
function cgroupMounts(): string[] {
  return mountPoints()
    .filter(({ type }) => type === "cgroup" || type === "cgroup2")
    .map(({ point }) => point);
}

/** Every mount with its file system type and super options, in the order they were made (proc_pid_mountinfo(5)). */
export function mountPoints(): { point: string; type: string; options: string[] }[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [front = "", back = ""] = line.split(" - ");
      const [type = "", , options = ""] = back.split(" ");
      return { point: front.split(" ")[4] ?? "", type, options: options.split(",") };
    });
}

function readdirOrEmpty(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
