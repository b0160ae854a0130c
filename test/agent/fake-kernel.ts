import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { cgroupAt } from "../../agent/cgroup/cgroup.ts";
import { findHierarchies, type Hierarchies } from "../../agent/cgroup/hierarchy.ts";
import { KernelFiles } from "../../agent/cgroup/kernel-files.ts";
import { BlkioPolicies } from "../../agent/collectors/blkio-policies.ts";
import type { Host } from "../../agent/collectors/collector.ts";
import { NetworkNamespaces } from "../../agent/collectors/network-namespaces.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));

/** The network namespace of the fake machine. */
const HOST_NAMESPACE = "net:[1]";

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

  /** A process in a network namespace. */
  process(pid: number, namespace: string, netDev?: string): void {
    const directory = join(this.procRoot, String(pid));
    mkdirSync(join(directory, "ns"), { recursive: true });
    mkdirSync(join(directory, "net"), { recursive: true });
    symlinkSync(namespace, join(directory, "ns", "net"));
    if (netDev !== undefined) writeFileSync(join(directory, "net", "dev"), netDev);
  }

  /** Writes a file below the fake `/sys`. */
  sys(path: string, content: string): void {
    const file = join(this.sysRoot, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  get hierarchies(): Hierarchies {
    return findHierarchies(this.cgroupRoot);
  }

  /** What the collectors read this kernel with. */
  host(): Host {
    const files = new KernelFiles();
    return {
      files,
      procRoot: this.procRoot,
      sysRoot: this.sysRoot,
      namespaces: new NetworkNamespaces(this.procRoot),
      blkio: new BlkioPolicies(cgroupAt(this.hierarchies, "/"), files, this.sysRoot, () => 0),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
