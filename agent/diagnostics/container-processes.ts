import { join } from "node:path";

import { engineIdOf } from "../cgroup/engine-id.ts";
import { subjectsOf } from "./explain.ts";
import { wordsAt } from "./host-files.ts";
import type { Scene } from "./scene.ts";

/** So many containers are looked at. */
const MOST_CONTAINERS = 50;

/** A process of each of the first containers that have any; `0` where we may not know its number. */
export function firstProcesses(scene: Scene): string[] {
  return subjectsOf(scene)
    .filter(({ cgroup: { id } }) => engineIdOf(id) !== undefined)
    .slice(0, MOST_CONTAINERS)
    .flatMap(({ cgroup: { directories } }) => {
      const pids = directories.map(
        ({ directory }) => wordsAt(join(directory, "cgroup.procs"))?.[0],
      );
      return pids.find((pid) => pid !== undefined && pid !== "") ?? [];
    });
}
