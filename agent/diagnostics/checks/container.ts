import { join } from "node:path";

import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { isThere, linkAt } from "../host-files.ts";
import { isInitial } from "../kernel-words.ts";
import type { Scene } from "../scene.ts";

/** What engines leave in the containers that they make. */
const MARKS = ["/.dockerenv", "/run/.containerenv"];

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
    if (!showsMachine(scene.procRoot)) {
      findings.push({
        id: "container.proc",
        status: "missing",
        what: `${scene.procRoot} shows the processes of this container alone`,
        affects: ["network", "tcp", "udp", "process"],
        remedy:
          "start the container with --pid=host, or mount the host's /proc and set --proc-root",
      });
    }
    return findings;
  },
};
