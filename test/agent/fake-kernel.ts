import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cgroupAt } from "../../agent/cgroup/cgroup.ts";
import { findHierarchies, type Hierarchies } from "../../agent/cgroup/hierarchy.ts";
import { KernelFiles } from "../../agent/cgroup/kernel-files.ts";
import { BlkioPolicies } from "../../agent/collectors/blkio-policies.ts";
import type { Host } from "../../agent/collectors/collector.ts";
import { NetworkNamespaces } from "../../agent/collectors/network-namespaces.ts";
import { ReferencedMemory } from "../../agent/collectors/referenced-memory.ts";
import { noUsage, type UsageSource } from "../../agent/filesystems/usage.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));

/** The network namespace of the fake machine. */
const HOST_NAMESPACE = "net:[1]";

/**
 * The container of the v2 fixture. It had half a core, 64 MB and as much swap, was called `shop-web-1`,
 * and had lost a process to the lack of memory; 775 was its first process, /dev/vda its disk.
 */
export const V2_ID = "f17a12f07260c07c60baccc1e10c73b5549b2b31b052745f71e5669d8dd97117";

/** `/proc/775/net/dev` of that container. */
export function recordedNetDev(): string {
  return readFileSync(join(FIXTURES, "net-dev"), "utf8");
}

/** A disk as `/sys/block` has it. */
export interface FakeDisk {
  /** `8:0`. */
  readonly numbers: string;
  /** Reads, merged reads, sectors, milliseconds, the same of writes, … */
  readonly stat: string;
  /** Sectors. */
  readonly size?: number;
  readonly hidden?: boolean;
  /** `[none] bfq`. */
  readonly scheduler?: string;
}

/** A folder that looks like a kernel's: cgroups recorded from a real one, and a `/proc` to be filled. */
export class FakeKernel {
  readonly root: string = mkdtempSync(join(tmpdir(), "plimsoll-kernel-"));
  readonly cgroupRoot: string = join(this.root, "cgroup");
  readonly procRoot: string = join(this.root, "proc");
  readonly sysRoot: string = join(this.root, "sys");

  /** @param recorded the cgroups to begin with; "empty-v2" is a v2 root without any file but its mark */
  constructor(recorded: "cgroup-v1" | "cgroup-v2" | "empty-v2") {
    mkdirSync(this.cgroupRoot, { recursive: true });
    mkdirSync(this.sysRoot, { recursive: true });
    if (recorded === "empty-v2") this.write("cgroup.controllers", "cpu io memory pids\n");
    else cpSync(join(FIXTURES, recorded), this.cgroupRoot, { recursive: true });
    this.process(1, HOST_NAMESPACE);
  }

  /** Writes a file below the cgroups' root. */
  write(path: string, content: string): void {
    const file = join(this.cgroupRoot, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** All cgroups were made at this time, Unix milliseconds. */
  madeAt(time: number): void {
    for (const path of [
      "",
      ...readdirSync(this.cgroupRoot, { recursive: true, encoding: "utf8" }),
    ]) {
      utimesSync(join(this.cgroupRoot, path), time / 1000, time / 1000);
    }
  }

  /** A process in a network namespace. */
  process(pid: number, namespace: string, netDev?: string): void {
    const directory = join(this.procRoot, String(pid));
    mkdirSync(join(directory, "ns"), { recursive: true });
    mkdirSync(join(directory, "net"), { recursive: true });
    symlinkSync(namespace, join(directory, "ns", "net"));
    if (netDev !== undefined) writeFileSync(join(directory, "net", "dev"), netDev);
  }

  /** Writes a file below the fake `/proc`. */
  proc(path: string, content: string): void {
    const file = join(this.procRoot, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** Writes a file below the fake `/sys`. */
  sys(path: string, content: string): void {
    const file = join(this.sysRoot, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** A disk of the machine. */
  disk(name: string, { numbers, stat, size = 2048, hidden = false, scheduler }: FakeDisk): void {
    this.sys(`block/${name}/dev`, `${numbers}\n`);
    this.sys(`block/${name}/stat`, `   ${stat.replaceAll(" ", "        ")}\n`);
    this.sys(`block/${name}/size`, `${size}\n`);
    this.sys(`block/${name}/hidden`, hidden ? "1\n" : "0\n");
    if (scheduler !== undefined) this.sys(`block/${name}/queue/scheduler`, `${scheduler}\n`);
  }

  get hierarchies(): Hierarchies {
    return findHierarchies(this.cgroupRoot);
  }

  /** What the collectors read this kernel with. */
  host(filesystems: UsageSource = noUsage): Host {
    const files = new KernelFiles();
    return {
      files,
      procRoot: this.procRoot,
      sysRoot: this.sysRoot,
      namespaces: new NetworkNamespaces(this.procRoot),
      blkio: new BlkioPolicies(cgroupAt(this.hierarchies, "/"), files, this.sysRoot, () => 0),
      filesystems,
      referenced: new ReferencedMemory(this.procRoot, files, 0),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
