import { dirname, join } from "node:path";

import type { Cgroup } from "../cgroup/cgroup.ts";
import { engineIdOf } from "../cgroup/engine-id.ts";
import { childrenOf } from "../cgroup/inner-cgroups.ts";
import { parseFirstLine } from "../cgroup/parse.ts";
import type { Host } from "./collector.ts";

/** The network namespace that a cgroup owns, as one of its collectors has claimed it. */
export interface OwnNetwork {
  /** `/proc/<pid>/net` of a process that is in it. */
  readonly directory: string;
  /** Gives the claim up. */
  yield(): void;
}

function firstProcess(directory: string, { files }: Host): string | undefined {
  if (!files.readOnce(join(directory, "cgroup.procs"), true)) return undefined;
  const pid = parseFirstLine(files.text);
  return pid > 0 ? String(pid) : undefined;
}

function processBelow(directory: string, host: Host): string | undefined {
  for (const child of childrenOf(directory)) {
    const pid = firstProcess(child, host) ?? processBelow(child, host);
    if (pid !== undefined) return pid;
  }
  return undefined;
}

function isContainer(cgroup: string): boolean {
  return engineIdOf(cgroup) !== undefined;
}

/** Whether it is a part of a container that runs an init system, or that an engine has put into a cgroup of its own. */
function isPartOfContainer(cgroup: string): boolean {
  if (isContainer(cgroup)) return false;
  for (let above = dirname(cgroup); above !== "/"; above = dirname(above)) {
    if (isContainer(above)) return true;
  }
  return false;
}

/** Any process of the cgroup; of a container's also one below it; for the machine one that is in its network for sure. */
function processOf({ id, directories }: Cgroup, host: Host): string | undefined {
  if (id === "/") return host.namespaces.of("1") === undefined ? "self" : "1";
  // What it does in the network is the container's.
  if (isPartOfContainer(id)) return undefined;
  for (const { directory } of directories) {
    const pid = firstProcess(directory, host);
    if (pid !== undefined) return pid;
  }
  // Other cgroups, such as a pod's, would take the network from the containers in them.
  if (!isContainer(id)) return undefined;
  for (const { directory } of directories) {
    const pid = processBelow(directory, host);
    if (pid !== undefined) return pid;
  }
  return undefined;
}

/** Claims the network namespace of a cgroup's processes; undefined if it has none or another owns it. */
export function claimNetwork(cgroup: Cgroup, host: Host): OwnNetwork | undefined {
  const { namespaces, procRoot } = host;
  const pid = processOf(cgroup, host);
  const namespace = pid === undefined ? undefined : namespaces.of(pid);
  if (pid === undefined || namespace === undefined) return undefined;
  if (!namespaces.claim(namespace, cgroup.id)) return undefined;
  return {
    directory: join(procRoot, pid, "net"),
    yield: () => namespaces.yield(namespace),
  };
}
