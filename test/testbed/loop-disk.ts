import { closeSync, openSync } from "node:fs";
import { readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";

import { runToEnd } from "./child.ts";
import { removeRun } from "./leftovers.ts";
import { openRunFolder } from "./run-folder.ts";

/** A small disk of a test's own: a file behind a loop device. */
export interface LoopDisk {
  /** `/dev/loop0`. */
  readonly device: string;
  /** `7:0`. */
  readonly numbers: string;
  close(): Promise<void>;
}

/**
 * Makes a disk that is scheduled by bfq, for which cgroup v1 counts without a limit being set.
 * Undefined where this kernel has no loop devices or no bfq.
 */
export async function openLoopDisk(): Promise<LoopDisk | undefined> {
  const run = await openRunFolder();
  const file = path.join(run.path, "disk");
  await writeFile(file, "");
  await truncate(file, 8 << 20);
  const device = await attach(file);
  if (device === undefined) {
    await removeRun(run.name);
    return undefined;
  }
  // Detached while this is open, it stays until it is closed: also when the test is killed.
  const handle = openSync(device, "r+");
  await runToEnd("losetup", ["--detach", device]);
  const sys = `/sys/block/${path.basename(device)}`;
  const close = async (): Promise<void> => {
    await writeFile(`${sys}/queue/scheduler`, "none");
    closeSync(handle);
    await removeRun(run.name);
  };
  try {
    await writeFile(`${sys}/queue/scheduler`, "bfq");
  } catch {
    await close();
    return undefined;
  }
  return { device, numbers: (await readFile(`${sys}/dev`, "utf8")).trim(), close };
}

async function attach(file: string): Promise<string | undefined> {
  try {
    return (await runToEnd("losetup", ["--find", "--show", file])).trim();
  } catch {
    return undefined;
  }
}
