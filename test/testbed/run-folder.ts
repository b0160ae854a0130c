import { lstatSync, mkdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

/** A folder of one part of a test, and the name by which all that the part makes can be found again. */
export interface RunFolder {
  /** `plimsoll-test-PID-START-N`: also the name of its cgroups and network namespaces. */
  readonly name: string;
  readonly path: string;
  /** Marks a process as belonging to this part; goes down to its children. */
  readonly env: Record<string, string>;
}

/** Environment variable that marks the processes of a part; not one of the programs' own settings. */
export const runMark = "TESTBED_RUN";

let count = 0;

/** Where the test bed keeps everything; `PLIMSOLL_TESTBED_DIR` moves it. Throws if the folder is somebody else's. */
export function testbedFolder(): string {
  const uid = process.getuid?.() ?? 0;
  const name = uid === 0 ? "plimsoll-testbed" : `plimsoll-testbed-${uid}`;
  const folder = process.env["PLIMSOLL_TESTBED_DIR"] ?? path.join(os.tmpdir(), name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The name under /tmp can be guessed, and what lies in it is run as root.
  const owner = lstatSync(folder).uid;
  if (owner !== uid) {
    throw new Error(`cannot use ${folder}: it belongs to user ${owner}; set PLIMSOLL_TESTBED_DIR`);
  }
  return folder;
}

/** Makes a new folder for one part of a test. `removeRun` of leftovers.ts takes it away with everything in its name. */
export async function openRunFolder(): Promise<RunFolder> {
  count += 1;
  const name = `plimsoll-test-${process.pid}-${startOf(process.pid)}-${count}`;
  const folder = path.join(testbedFolder(), "run", name);
  await mkdir(folder, { recursive: true });
  return { name, path: folder, env: { [runMark]: name } };
}

/** The path of a run's folder by its name. */
export function runFolderPath(name: string): string {
  return path.join(testbedFolder(), "run", name);
}

/** Whether the process that opened this run still lives; its start time tells it from a later one with the same id. */
export function isOwnerAlive(name: string): boolean {
  const [, pid, start] = /^plimsoll-test-(\d+)-(\d+)-\d+$/.exec(name) ?? [];
  return pid !== undefined && startOf(Number(pid)) === start;
}

// proc_pid_stat(5), field 22, in clock ticks; the name in field 2 may hold spaces and brackets.
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0";
  } catch {
    return "0";
  }
}
