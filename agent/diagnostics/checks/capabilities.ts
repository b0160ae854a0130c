import { join } from "node:path";

import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { denialOf, textAt } from "../host-files.ts";
import { hasCapability, parseCapabilities } from "../kernel-words.ts";

/** Whether we may look into others' processes. */
function ptrace(set: bigint): Finding {
  const id = "capability.sys_ptrace";
  return hasCapability(set, "sys_ptrace")
    ? told(id, "ok", "CAP_SYS_PTRACE is there")
    : {
        id,
        status: "missing",
        what: "CAP_SYS_PTRACE is not there: the files and sockets of others' processes can't be counted",
        affects: ["container_file_descriptors", "container_sockets", "referenced_memory"],
        remedy:
          "run as root, or add CAP_SYS_PTRACE (AmbientCapabilities=, docker run --cap-add SYS_PTRACE)",
      };
}

/** A reader that has seen every message, or fell behind, is told so. */
const NOT_DENIED = ["EAGAIN", "EPIPE", "EINVAL"];

function kmsg(path: string, set: bigint): Finding {
  const reading = denialOf(path);
  if (reading === undefined || NOT_DENIED.includes(reading))
    return told("kmsg", "ok", `${path} can be read`);
  const isDenied = reading === "EPERM" || reading === "EACCES";
  const remedy = hasCapability(set, "syslog")
    ? "let this user read it, or run as root"
    : "run as root, or add CAP_SYSLOG and let this user read it, or set kernel.dmesg_restrict=0";
  return {
    id: "kmsg",
    status: "missing",
    what: `${path} can't be read (${reading}): victims of a lack of memory have no names`,
    affects: ["oom_event"],
    remedy: isDenied
      ? remedy
      : "name with --kmsg-path where it is, or pass /dev/kmsg into the container",
  };
}

/** What this program is allowed to. */
export const capabilities: Check = {
  subject: "capability",
  find({ procRoot, kmsgPath }): Finding[] {
    const set = parseCapabilities(textAt(join(procRoot, "self/status")));
    return [ptrace(set), kmsg(kmsgPath, set)];
  },
};
