import { join } from "node:path";

import { firstProcesses } from "../container-processes.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { isThere, linkAt } from "../host-files.ts";
import { isInitial } from "../kernel-words.ts";
import type { Scene } from "../scene.ts";

/** What engines leave in the containers that they make. */
const MARKS = ["/.dockerenv", "/run/.containerenv"];

/** What is found through processes. */
const OF_PROCESSES = ["network", "tcp", "udp", "advtcp", "process", "sched", "disk"];

/** Whether we are numbered with the whole machine's processes; undefined if that can't be told. */
function isHostPid(procRoot: string): boolean | undefined {
  return isInitial("pid", linkAt(`${procRoot}/self/ns/pid`));
}

/** Why it looks as if we lived in a container; undefined if it does not. */
function signOf({ procRoot }: Scene): string | undefined {
  const mounts = linkAt(`${procRoot}/self/ns/mnt`);
  const isFirst = isInitial("mnt", mounts) === true;
  // A machine that was made of an image has its marks too.
  if (
    isFirst ||
    (mounts !== undefined && mounts === linkAt(`${procRoot}/1/ns/mnt`) && isHostPid(procRoot))
  ) {
    return undefined;
  }
  const mark = MARKS.find(isThere);
  if (mark !== undefined) return `${mark} is there`;
  return isHostPid(procRoot) === false ? "it has process numbers of its own" : undefined;
}

/** Whether a `/proc` numbers the processes of the whole machine: its first process is in the first namespace. */
function showsMachine(procRoot: string): boolean {
  const first = isInitial("pid", linkAt(join(procRoot, "1/ns/pid")));
  // Whoever may not look at the first process sees another's, and so the machine's.
  return first ?? isThere(join(procRoot, "1"));
}

/**
 * Whether the kernel hides the host's processes from us, wherever `/proc` is mounted from: in the lists of
 * cgroups a process of another PID namespace is 0. https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
function hidesProcesses(scene: Scene): boolean {
  const listed = firstProcesses(scene);
  if (listed.includes("0")) return true;
  return listed.length === 0 && isHostPid(scene.procRoot) === false;
}

/** Whether this program runs in a container, and whether the host has been mounted into it. */
export const container: Check = {
  subject: "container",
  find(scene): Finding[] {
    const sign = signOf(scene);
    if (sign === undefined)
      return [told("container", "ok", "this program runs on the host itself")];
    const findings = [told("container", "note", `this program runs in a container: ${sign}`)];
    if (scene.rootfs === "/") {
      findings.push({
        id: "container.rootfs",
        status: "missing",
        what: "--rootfs is /, which is the container's own",
        affects: ["disk", "fs_usage_bytes"],
        remedy: "mount the host's / with -v /:/rootfs:ro, and set --rootfs=/rootfs",
      });
    }
    if (hidesProcesses(scene)) {
      findings.push({
        id: "container.pid",
        status: "missing",
        what: "this container has process numbers of its own: the kernel shows those of others as 0",
        affects: OF_PROCESSES,
        remedy: "start the container with --pid=host",
      });
    } else if (!showsMachine(scene.procRoot)) {
      findings.push({
        id: "container.proc",
        status: "missing",
        what: `${scene.procRoot} shows the processes of this container alone`,
        affects: OF_PROCESSES,
        remedy: "mount the host's /proc, and name with --proc-root where it is",
      });
    }
    return findings;
  },
};
