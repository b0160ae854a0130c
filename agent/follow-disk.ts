import type { Logger } from "../lib/log.ts";
import type { AgentConfig } from "./config.ts";
import type { Inventory } from "./inventory/inventory.ts";
import { DiskRuntime } from "./runtimes/disk/disk.ts";

/** What the disk tells of containers that no engine tells of. Call it when all engines are followed: they go before. */
export function followDisk(config: AgentConfig, inventory: Inventory, logger: Logger): DiskRuntime {
  const disk = new DiskRuntime(
    {
      rootfs: config.rootfs,
      dockerRoot: config["docker.root"],
      podmanRoot: config["podman.root"],
      envPrefixes: config["env.include"],
    },
    (engineId) => (inventory.sourceOf(engineId) ?? disk.name) !== disk.name,
    logger,
  );
  inventory.follow(disk, () => {});
  inventory.followPaths(disk);
  return disk;
}
