import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Cgroup } from "../cgroup/cgroup.ts";
import type { KernelFiles } from "../cgroup/kernel-files.ts";
import { countLines } from "../cgroup/parse.ts";

const THROTTLE = "blkio.throttle";
const BFQ = "blkio.bfq";

/** Whether some disk of the machine is scheduled by bfq. */
function usesBfq(sysRoot: string): boolean {
  const blocks = join(sysRoot, "block");
  if (!existsSync(blocks)) return false;
  return readdirSync(blocks).some((disk) => {
    const path = join(blocks, disk, "queue", "scheduler");
    return existsSync(path) && readFileSync(path, "utf8").includes("[bfq]");
  });
}

/**
 * Who counts block I/O in cgroup v1. A disk that bfq schedules is in bfq's own books, every other
 * one in the throttle policy's, which newer kernels keep only once some limit has been set.
 */
export class BlkioPolicies {
  /** Names of the policies whose files to read. */
  readonly policies: readonly string[];
  readonly #files: KernelFiles;
  readonly #root: string | undefined;
  readonly #now: () => number;
  #counting = false;
  #checkedAt = Number.NEGATIVE_INFINITY;

  /** @param now monotonic milliseconds */
  constructor(root: Cgroup, files: KernelFiles, sysRoot: string, now: () => number) {
    this.policies = usesBfq(sysRoot) ? [THROTTLE, BFQ] : [THROTTLE];
    const place = root.controller("blkio");
    this.#root = place?.version === 1 ? place.directory : undefined;
    this.#files = files;
    this.#now = now;
  }

  /**
   * Whether the kernel counts at all: then the machine's own cgroup has had some I/O, and a
   * container without any has really done none.
   */
  isCounting(): boolean {
    // Once on, it stays on.
    if (this.#counting || this.#root === undefined || this.#now() - this.#checkedAt < 10_000) {
      return this.#counting;
    }
    this.#checkedAt = this.#now();
    const root = this.#root;
    this.#counting = this.policies.some(
      (policy) =>
        this.#files.readOnce(join(root, `${policy}.io_service_bytes_recursive`)) &&
        countLines(this.#files.text) > 1,
    );
    return this.#counting;
  }
}
