import { readdirSync } from "node:fs";
import { join } from "node:path";

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

function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}
