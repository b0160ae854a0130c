import { join } from "node:path";
import { dirname } from "node:path/posix";

import { engineIdOf } from "../../cgroup/engine-id.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { wordsAt } from "../host-files.ts";
import type { Scene } from "../scene.ts";

/** What each controller's files are wanted for. */
const AFFECTED: Readonly<Record<string, readonly string[]>> = {
  cpu: ["cpu_throttled_ratio"],
  memory: ["memory", "oom_event"],
  io: ["diskIO"],
  pids: ["threads"],
};

/** Containers of one host stand in a few places: so many are enough to see them all. */
const MOST_CONTAINERS = 200;

/** The cgroups above containers, from the root down, each once. */
function parentsOf({ sampling }: Scene): string[] {
  const parents = new Set<string>();
  let seen = 0;
  for (const { cgroup } of sampling?.sampled() ?? []) {
    if (engineIdOf(cgroup.id) === undefined) continue;
    for (let at = dirname(cgroup.id); ; at = dirname(at)) {
      parents.add(at);
      if (at === "/") break;
    }
    if (++seen === MOST_CONTAINERS) break;
  }
  parents.add("/");
  return [...parents].toSorted((a, b) => a.length - b.length);
}

function remedyFor(controller: string, at: string): string {
  if (at.includes("/user@")) {
    return "set Delegate=cpu cpuset io memory pids for user@.service (systemctl edit user@.service), and log in again";
  }
  if (at === "/") {
    return `let it be handed down: echo +${controller} > /sys/fs/cgroup/cgroup.subtree_control`;
  }
  return `let ${at} hand it down: CPUAccounting=, MemoryAccounting=, IOAccounting= or TasksAccounting=yes for that unit, or Delegate=yes`;
}

/** In v2 each cgroup says which controllers the ones right below it have. https://docs.kernel.org/admin-guide/cgroup-v2.html#controlling-controllers */
export const delegation: Check = {
  subject: "delegation",
  find(scene): Finding[] {
    const root = scene.hierarchies?.mode === "v2" ? scene.hierarchies.all[0] : undefined;
    if (root === undefined) return [];
    const places = parentsOf(scene).map((id) => ({
      id,
      passed: wordsAt(join(root.directory, id, "cgroup.subtree_control")),
    }));
    const findings = Object.entries(AFFECTED).flatMap(([controller, affects]): Finding[] => {
      if (!root.controllers.has(controller)) return [];
      const at = places.find(({ passed }) => passed !== undefined && !passed.includes(controller));
      if (at === undefined) return [];
      return [
        {
          id: `delegation.${controller}`,
          status: "missing",
          what: `${at.id} does not hand ${controller} down to the cgroups below it`,
          affects,
          remedy: remedyFor(controller, at.id),
        },
      ];
    });
    return findings.length > 0
      ? findings
      : [
          told(
            "delegation",
            "ok",
            "cpu, memory, io and pids are handed down as far as they are there",
          ),
        ];
  },
};
