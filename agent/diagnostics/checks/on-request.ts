import { join } from "node:path";

import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { isThere, textAt } from "../host-files.ts";
import { hasCapability, parseCapabilities } from "../kernel-words.ts";
import { parseMounts } from "../mounts.ts";
import type { Scene } from "../scene.ts";

/** Above it only those with a capability may count the kernel's events. https://docs.kernel.org/admin-guide/perf-security.html */
const UNPRIVILEGED = -1;

function perf({ procRoot }: Scene): Finding {
  const level = textAt(join(procRoot, "sys/kernel/perf_event_paranoid")).trim();
  const set = parseCapabilities(textAt(join(procRoot, "self/status")));
  const mayCount = hasCapability(set, "perfmon") || hasCapability(set, "sys_admin");
  if (level === "") {
    return {
      id: "perf",
      status: "missing",
      what: "this kernel has no perf events",
      affects: ["perf_event"],
      remedy: "take a kernel with CONFIG_PERF_EVENTS",
    };
  }
  if (mayCount || Number(level) <= UNPRIVILEGED) {
    return told("perf", "ok", `perf events may be counted (perf_event_paranoid is ${level})`);
  }
  return {
    id: "perf",
    status: "missing",
    what: `perf events of others may not be counted: perf_event_paranoid is ${level}, and CAP_PERFMON is not there`,
    affects: ["perf_event"],
    remedy: "run as root, or add CAP_PERFMON, or set kernel.perf_event_paranoid=-1",
  };
}

function resctrl({ procRoot, sysRoot }: Scene): Finding {
  const directory = join(sysRoot, "fs/resctrl");
  const mounts = parseMounts(textAt(join(procRoot, "self/mountinfo")));
  const isMounted =
    isThere(join(directory, "info")) || mounts.some(({ type }) => type === "resctrl");
  if (isMounted) return told("resctrl", "ok", `${directory} is mounted`);
  return {
    id: "resctrl",
    status: "missing",
    what: isThere(directory)
      ? `${directory} is there but not mounted`
      : "this processor or this kernel has no resctrl",
    affects: ["resctrl"],
    remedy: isThere(directory)
      ? `mount it: mount -t resctrl resctrl ${directory}`
      : "leave --resctrl-interval out here",
  };
}

/** What only matters to those who have asked for it. */
export const onRequest: Check = {
  subject: "on-request",
  find(scene): Finding[] {
    const { asksFor } = scene;
    return [...(asksFor.perf ? [perf(scene)] : []), ...(asksFor.resctrl ? [resctrl(scene)] : [])];
  },
};
