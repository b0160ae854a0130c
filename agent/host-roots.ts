import { existsSync } from "node:fs";
import { join } from "node:path";

import type { AgentConfig } from "./config.ts";

/** Where a container that looks at its host usually has the host's root. */
const USUAL_ROOTFS = "/rootfs";

/** The settings that follow the host's root unless they are set, and what shows that a place is the host's. */
const FOLLOWERS = [
  { setting: "proc.root", usual: "/proc", marks: ["1"] },
  { setting: "sys.root", usual: "/sys", marks: ["fs/cgroup"] },
  { setting: "cgroup.root", usual: "/sys/fs/cgroup", marks: ["cgroup.controllers", "memory"] },
] as const;

/**
 * The settings of an agent in a container that was given the host's root: where that is, and that
 * everything else is read from there too.
 * @param exists whether a path is there
 */
export function withHostRoots(
  config: AgentConfig,
  exists: (path: string) => boolean = existsSync,
): AgentConfig {
  const isUsual = config.rootfs === "/" && exists(join(USUAL_ROOTFS, "proc/1"));
  const rootfs = isUsual ? USUAL_ROOTFS : config.rootfs;
  if (rootfs === "/") return config;
  const moved = FOLLOWERS.filter(({ setting, usual, marks }) => {
    const place = join(rootfs, usual);
    return config[setting] === usual && marks.some((mark) => exists(join(place, mark)));
  }).map(({ setting, usual }) => [setting, join(rootfs, usual)] as const);
  return { ...config, rootfs, ...Object.fromEntries(moved) };
}
