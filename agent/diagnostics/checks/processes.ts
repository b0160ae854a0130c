import { join } from "node:path";

import { firstProcesses } from "../container-processes.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { isThere, linkAt, readHost, textAt } from "../host-files.ts";
import { hasCapability, parseCapabilities } from "../kernel-words.ts";
import { parseMounts } from "../mounts.ts";
import type { Scene } from "../scene.ts";

const NETWORK = ["network", "tcp", "udp", "advtcp"];

/** What every machine's `/proc` has. */
const NEEDED = ["stat", "meminfo", "uptime"];

function unreadable({ procRoot }: Scene): Finding[] {
  for (const name of NEEDED) {
    const reading = readHost(join(procRoot, name));
    if ("text" in reading) continue;
    return [
      {
        id: "proc",
        status: "bad",
        what: `${join(procRoot, name)} can't be read (${reading.error})`,
        affects: ["everything that processes and the machine tell"],
        remedy: "mount proc there, or name with --proc-root where it is",
      },
    ];
  }
  return [told("proc", "ok", `${procRoot} can be read`)];
}

/** https://docs.kernel.org/filesystems/proc.html#mount-options */
function hidden(scene: Scene): Finding[] {
  const { procRoot } = scene;
  const mounts = parseMounts(textAt(join(procRoot, "self/mountinfo")));
  const mount = mounts.findLast(({ type, directory }) => type === "proc" && directory === procRoot);
  const options = [...(mount?.options ?? []), ...(mount?.superOptions ?? [])];
  const option = options.find((word) => word.startsWith("hidepid="));
  const isOff = option === undefined || /=(?:0|off)$/.test(option);
  if (isOff || mayPtrace(scene)) return [];
  return [
    {
      id: "proc.hidepid",
      status: "missing",
      what: `${procRoot} is mounted with ${option}: others' processes are hidden`,
      affects: [...NETWORK, "process", "sched"],
      remedy: "run as root, or mount proc with gid= of a group that this program is in",
    },
  ];
}

function namespaces(scene: Scene): Finding[] {
  const { procRoot } = scene;
  const id = "proc.namespaces";
  const pids = firstProcesses(scene).filter((pid) => pid !== "0");
  const isClosed = (pid: string): boolean =>
    isThere(join(procRoot, pid)) && linkAt(join(procRoot, pid, "ns/net")) === undefined;
  const closed = (pids.length === 0 ? ["1"] : pids).filter(isClosed);
  if (closed.length === 0) return [told(id, "ok", "the networks of containers can be told apart")];
  if (pids.length === 0 && mayPtrace(scene)) {
    return [
      told(
        id,
        "note",
        "the first process is closed to us: our own network is taken as the machine's",
      ),
    ];
  }
  return [
    {
      id,
      status: "missing",
      what: `the namespaces of others' processes can't be read (${join(procRoot, closed[0] ?? "", "ns/net")})`,
      affects: NETWORK,
      remedy:
        "run as root, or with the capability CAP_SYS_PTRACE (AmbientCapabilities=CAP_SYS_PTRACE)",
    },
  ];
}

function mayPtrace({ procRoot }: Scene): boolean {
  return hasCapability(parseCapabilities(textAt(join(procRoot, "self/status"))), "sys_ptrace");
}

/** Whether we may see what `/proc` tells of others' processes. */
export const processes: Check = {
  subject: "proc",
  find(scene): Finding[] {
    const [first, ...rest] = unreadable(scene);
    if (first === undefined || first.status === "bad") return first === undefined ? rest : [first];
    return [first, ...hidden(scene), ...namespaces(scene)];
  },
};
