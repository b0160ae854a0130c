import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type KernelFiles, reasonOf } from "../cgroup/kernel-files.ts";

const REFERENCED = /^Referenced: +(\d{1,20}) kB$/gm;

/** Clears the marks of all pages of a process. */
const ALL_PAGES = "1";

/**
 * The bytes in the lines `Referenced: 123 kB`: one for each mapping, or one for all; NaN without any.
 * https://docs.kernel.org/filesystems/proc.html (smaps)
 */
export function parseReferenced(smaps: string): number {
  let sum = Number.NaN;
  for (const [, kilobytes] of smaps.matchAll(REFERENCED)) {
    sum = (Number.isNaN(sum) ? 0 : sum) + Number(kilobytes) * 1024;
  }
  return sum;
}

/**
 * Adds up what processes have used. The kernel walks every page of a process for that, which may take
 * it a tenth of a second: so it is done beside the sampling, one process of the machine at a time.
 */
export class ReferencedMemory {
  /** Marks are cleared after every so many measurements of a cgroup; 0 = never. */
  readonly resetEvery: number;
  readonly #procRoot: string;
  readonly #files: KernelFiles;
  #last: Promise<unknown> = Promise.resolve();

  constructor(procRoot: string, files: KernelFiles, resetEvery: number) {
    this.#procRoot = procRoot;
    this.#files = files;
    this.resetEvery = resetEvery;
  }

  /** Bytes that these processes have used; NaN if one is closed to us. Never rejects. */
  measure(pids: readonly number[], clear: boolean): Promise<number> {
    const sum = this.#last.then(() => this.#sum(pids, clear));
    this.#last = sum;
    return sum;
  }

  async #sum(pids: readonly number[], clear: boolean): Promise<number> {
    let sum = Number.NaN;
    for (const pid of pids) {
      // 0 is a process that our own view of processes does not hold: no sum is right without it.
      if (!(pid > 0)) return Number.NaN;
      try {
        const bytes = await this.#read(pid);
        if (!Number.isNaN(bytes)) sum = (Number.isNaN(sum) ? 0 : sum) + bytes;
        if (clear) await writeFile(join(this.#procRoot, String(pid), "clear_refs"), ALL_PAGES);
      } catch (error) {
        const reason = reasonOf(error);
        // It has ended, or is the kernel's own and has no memory.
        if (reason === "gone") continue;
        this.#files.fail(reason);
        return Number.NaN;
      }
    }
    return sum;
  }

  async #read(pid: number): Promise<number> {
    const directory = join(this.#procRoot, String(pid));
    try {
      return parseReferenced(await readFile(join(directory, "smaps_rollup"), "latin1"));
    } catch (error) {
      // Before Linux 4.14 there is only the long list.
      if (reasonOf(error) !== "gone") throw error;
      return parseReferenced(await readFile(join(directory, "smaps"), "latin1"));
    }
  }
}
