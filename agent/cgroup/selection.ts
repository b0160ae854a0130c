import { engineIdOf } from "./engine-id.ts";

/** Which cgroups are wanted. */
export interface SelectionSettings {
  /** Only those of containers, and the root. */
  readonly containersOnly: boolean;
  /** Beginnings of paths that are wanted all the same. */
  readonly include: readonly string[];
  readonly excludeRoot: boolean;
}

/** Says of each cgroup path whether it is to be sampled. */
export function selectCgroups(settings: SelectionSettings): (id: string) => boolean {
  const { containersOnly, include, excludeRoot } = settings;
  return (id) => {
    if (id === "/") return !excludeRoot;
    if (!containersOnly || engineIdOf(id) !== undefined) return true;
    return include.some((prefix) => id.startsWith(prefix));
  };
}
