import { join } from "node:path";

import { subjectsOf } from "../explain.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { isThere, textAt } from "../host-files.ts";
import { parameterOf } from "../kernel-words.ts";
import type { Scene } from "../scene.ts";

const AFFECTED = [
  "memory_swap_bytes",
  "container_memory_swap",
  "container_spec_memory_swap_limit_bytes",
];

/** The files by which a kernel shows that it counts swap, and in which cgroup to look. */
function isCounted(scene: Scene): boolean | undefined {
  const memory = scene.hierarchies?.all.find(({ controllers }) => controllers.has("memory"));
  if (memory === undefined) return undefined;
  if (memory.version === 1) return isThere(join(memory.directory, "memory.memsw.usage_in_bytes"));
  // The root of v2 has no such file.
  for (const { cgroup } of subjectsOf(scene)) {
    if (cgroup.id === "/") continue;
    const directory = join(memory.directory, cgroup.id);
    if (isThere(join(directory, "memory.current"))) {
      return isThere(join(directory, "memory.swap.current"));
    }
  }
  return undefined;
}

/** Whether the kernel counts the swap of each cgroup. */
export const swap: Check = {
  subject: "memory.swap",
  find(scene): Finding[] {
    const counted = isCounted(scene);
    if (counted === undefined) return [];
    if (counted) return [told("memory.swap", "ok", "swap is counted for each cgroup")];
    const isOff = parameterOf(textAt(`${scene.procRoot}/cmdline`), "swapaccount").at(-1) === "0";
    return [
      {
        id: "memory.swap",
        status: "missing",
        what: isOff
          ? "swap is not counted: swapaccount=0 is on the kernel's command line"
          : "swap is not counted for each cgroup by this kernel",
        affects: AFFECTED,
        remedy: isOff
          ? "remove swapaccount=0 from the kernel's command line, and restart the machine"
          : "add swapaccount=1 to the kernel's command line, and restart the machine",
      },
    ];
  },
};
