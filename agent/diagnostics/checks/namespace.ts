import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { linkAt, textAt } from "../host-files.ts";
import { isInitial } from "../kernel-words.ts";
import { parseMounts } from "../mounts.ts";
import type { Scene } from "../scene.ts";

const ID = "cgroup.namespace";

/** Whether what is mounted begins at the namespace's own root: nothing outside is in it. */
function beginsAtOwnRoot({ procRoot, cgroupRoot }: Scene): boolean {
  const mounts = parseMounts(textAt(`${procRoot}/self/mountinfo`)).filter(
    ({ type, directory }) =>
      type.startsWith("cgroup") &&
      (directory === cgroupRoot || directory.startsWith(`${cgroupRoot}/`)),
  );
  return mounts.every(({ root }) => root === "/");
}

/** Whether the cgroups of the whole machine are seen, or only our own and those below it. */
export const cgroupNamespace: Check = {
  subject: ID,
  find(scene): Finding[] {
    const isFirst = isInitial("cgroup", linkAt(`${scene.procRoot}/self/ns/cgroup`));
    if (isFirst === true) return [told(ID, "ok", "the machine's own: all its cgroups are seen")];
    if (isFirst === undefined) {
      return [told(ID, "note", `it can't be told: ${scene.procRoot}/self/ns/cgroup can't be read`)];
    }
    if (!beginsAtOwnRoot(scene)) {
      return [told(ID, "ok", "a private one, but the cgroups of the whole machine are mounted")];
    }
    return [
      {
        id: ID,
        status: "missing",
        what: "a private one: only our own cgroup and those below it are seen",
        affects: ["all other containers"],
        remedy:
          "start the container with --cgroupns=host, and mount the machine's /sys/fs/cgroup into it, read-only",
      },
    ];
  },
};
