import { systemClock } from "../lib/clock.ts";
import { ConfigError, messageOf } from "../lib/errors.ts";
import type { Parts } from "../lib/lifecycle.ts";
import type { Logger } from "../lib/log.ts";
import { cgroupAt } from "./cgroup/cgroup.ts";
import { filesToKeep, readDescriptorLimit } from "./cgroup/descriptor-limit.ts";
import { findHierarchies, type Hierarchies } from "./cgroup/hierarchy.ts";
import { KernelFiles } from "./cgroup/kernel-files.ts";
import type { Absences } from "./collectors/absences.ts";
import { BlkioPolicies } from "./collectors/blkio-policies.ts";
import type { Host } from "./collectors/collector.ts";
import { NetworkNamespaces } from "./collectors/network-namespaces.ts";
import { ReferencedMemory } from "./collectors/referenced-memory.ts";
import type { AgentConfig } from "./config.ts";
import { Filesystems } from "./filesystems/filesystems.ts";
import { openOnRequest } from "./on-request.ts";

/** What is read from: the cgroups of this machine, and all that collectors need beside them. */
export interface Kernel {
  readonly hierarchies: Hierarchies;
  readonly host: Host;
  readonly filesystems: Filesystems;
  /** What can't be measured, and why. */
  readonly absences: Absences;
}

const monotonic = (): number => systemClock.monotonic();

/** Opens it; throws ConfigError where there are no cgroups. */
export async function openKernel(
  config: AgentConfig,
  parts: Parts,
  logger: Logger,
): Promise<Kernel> {
  const hierarchies = openHierarchies(config["cgroup.root"]);
  const most = filesToKeep(readDescriptorLimit());
  const files = openFiles(most, logger);
  const filesystems = parts.use(
    "filesystems",
    new Filesystems({
      procRoot: config["proc.root"],
      rootfs: config.rootfs,
      entriesPerSecond: config["disk.entries.per.second"],
      clock: systemClock,
    }),
  );
  const requested = await openOnRequest({ config, files, most, monotonic, logger });
  const sysRoot = config["sys.root"];
  const procRoot = config["proc.root"];
  const host: Host = {
    files,
    procRoot,
    sysRoot,
    namespaces: new NetworkNamespaces(procRoot),
    blkio: new BlkioPolicies(cgroupAt(hierarchies, "/"), files, sysRoot, monotonic),
    filesystems,
    referenced: new ReferencedMemory(procRoot, files, config["referenced.reset.interval"]),
    ...requested.parts,
  };
  return { hierarchies, host, filesystems, absences: requested.absences };
}

function openHierarchies(root: string): Hierarchies {
  try {
    return findHierarchies(root);
  } catch (error) {
    throw new ConfigError(
      "cgroup.root",
      root,
      `${messageOf(error)}; name the directory where they are mounted`,
    );
  }
}

function openFiles(most: number, logger: Logger): KernelFiles {
  return new KernelFiles(most, () =>
    logger.warn(
      { kept: most },
      "too few file descriptors to keep all kernel files open, so sampling costs more; raise the limit (ulimit -n, LimitNOFILE)",
    ),
  );
}
