import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { textAt } from "../host-files.ts";
import { isNamedBy, parseControllers } from "../kernel-words.ts";
import type { Scene } from "../scene.ts";

/** What a host should have, and what is absent without it. */
interface Wanted {
  readonly affects: readonly string[];
  /** Without it a host is not fit to be measured. */
  readonly isNeeded?: boolean;
}

const MEMORY: Wanted = { affects: ["memory", "oom_event", "memory_numa"], isNeeded: true };
const QUOTA = ["cpu_throttled_ratio", "container_cpu_cfs_periods_total"];
const HUGETLB: Wanted = { affects: ["hugetlb"] };

const V1: Readonly<Record<string, Wanted>> = {
  cpu: { affects: QUOTA, isNeeded: true },
  cpuacct: { affects: ["cpu", "percpu"], isNeeded: true },
  memory: MEMORY,
  pids: { affects: ["process", "processes", "threads"] },
  blkio: { affects: ["diskIO"] },
  cpuset: { affects: ["cpuset"] },
  hugetlb: HUGETLB,
};

const V2: Readonly<Record<string, Wanted>> = {
  cpu: { affects: QUOTA, isNeeded: true },
  memory: MEMORY,
  pids: { affects: ["threads"] },
  io: { affects: ["diskIO"] },
  hugetlb: HUGETLB,
};

/** v2 calls it `io`, the kernel's list and command line too, but under v1's name. */
const LISTED_AS: Readonly<Record<string, string>> = { io: "blkio" };

/** The words for a controller that is not there, and what to do. */
function absence(name: string, scene: Scene): { what: string; remedy: string } {
  const listed = LISTED_AS[name] ?? name;
  const commandLine = textAt(`${scene.procRoot}/cmdline`);
  const known = parseControllers(textAt(`${scene.procRoot}/cgroups`));
  const kernel = known.get(listed);
  if (isNamedBy(commandLine, "cgroup_disable", listed)) {
    return {
      what: "off: cgroup_disable on the kernel's command line names it",
      remedy: `remove ${listed} from cgroup_disable= in the boot loader's configuration, and restart the machine`,
    };
  }
  if (kernel?.isEnabled === false) {
    const enable =
      listed === "memory" ? "cgroup_enable=memory cgroup_memory=1" : `cgroup_enable=${listed}`;
    return {
      what: "off in this kernel unless its command line asks for it",
      remedy: `add ${enable} to the kernel's command line, and restart the machine`,
    };
  }
  if (known.size > 0 && kernel === undefined) {
    return { what: "not built into this kernel", remedy: "take a kernel that has it" };
  }
  if (scene.hierarchies?.mode === "v2") {
    return kernel !== undefined && kernel.hierarchy > 0
      ? {
          what: `mounted as cgroup v1 elsewhere, so v2 can't have it`,
          remedy: "unmount the v1 hierarchy, or boot with cgroup_no_v1=all",
        }
      : {
          what: "on, but not in the part of the hierarchy that is seen here",
          remedy:
            "show the machine's own cgroups: --cgroupns=host, or a mount of its /sys/fs/cgroup",
        };
  }
  return {
    what: `not mounted below ${scene.cgroupRoot}`,
    remedy: `mount it: mkdir ${scene.cgroupRoot}/${listed} && mount -t cgroup -o ${listed} cgroup ${scene.cgroupRoot}/${listed}`,
  };
}

/** Each controller: on, or why it is not. https://docs.kernel.org/admin-guide/kernel-parameters.html */
export const controllers: Check = {
  subject: "controller",
  find(scene): Finding[] {
    const { hierarchies } = scene;
    if (hierarchies === undefined) return [];
    const wanted = Object.entries(hierarchies.mode === "v2" ? V2 : V1);
    return wanted.map(([name, { affects, isNeeded = false }]): Finding => {
      const id = `controller.${name}`;
      const at = hierarchies.all.find((hierarchy) => hierarchy.controllers.has(name));
      if (at !== undefined) return told(id, "ok", `${name} is on (v${at.version})`);
      const { what, remedy } = absence(name, scene);
      return {
        id,
        status: isNeeded ? "bad" : "missing",
        what: `${name} is ${what}`,
        affects,
        remedy,
      };
    });
  },
};
