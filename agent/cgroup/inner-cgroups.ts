import { readdirSync } from "node:fs";
import { join } from "node:path";

import type { ControllerDirectory } from "./cgroup.ts";
import { engineIdOf } from "./engine-id.ts";

/** An init system has some dozens of units. */
const MOST_CGROUPS = 256;

/** The directories of the cgroups below one, those nearest first, 256 at most; none if it has gone. */
export function cgroupsBelow(directory: string): string[] {
  const found: string[] = [];
  let level = childrenOf(directory);
  while (level.length > 0 && found.length < MOST_CGROUPS) {
    found.push(...level);
    level = level.flatMap(childrenOf);
  }
  return found.slice(0, MOST_CGROUPS);
}

/**
 * In which directories the processes of a cgroup are: its own, and of a container also those of the
 * cgroups inside it, 256 at most. What is another container inside it, or below that, is not its.
 */
export function directoriesOf(
  id: string,
  { version, directory }: ControllerDirectory,
): ControllerDirectory[] {
  const own: ControllerDirectory = { version, directory };
  if (engineIdOf(id) === undefined) return [own];
  const isInner = (child: string): boolean =>
    engineIdOf(id + child.slice(directory.length)) === undefined;
  const found = [own];
  let level = childrenOf(directory).filter(isInner);
  while (level.length > 0 && found.length <= MOST_CGROUPS) {
    found.push(...level.map((inner): ControllerDirectory => ({ version, directory: inner })));
    level = level.flatMap(childrenOf).filter(isInner);
  }
  return found.slice(0, MOST_CGROUPS + 1);
}

/** The directories of the cgroups right below one; none if it has gone. */
export function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}
