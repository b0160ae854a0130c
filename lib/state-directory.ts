import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where a program keeps what must survive it: for root as the Filesystem Hierarchy Standard says,
 * for others as the XDG Base Directory Specification does.
 * @param below a folder in there; nothing for the whole
 */
export function stateDirectory(
  below: string,
  environment: Readonly<Record<string, string | undefined>>,
  userId: number | undefined,
): string {
  const state = environment["XDG_STATE_HOME"];
  // The specification tells to ignore a path that is not absolute.
  if (state?.startsWith("/") === true) return join(state, "plimsoll", below);
  if (userId === 0) return join("/var/lib/plimsoll", below);
  return join(homedir(), ".local/state/plimsoll", below);
}
