import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { textAt } from "../host-files.ts";
import { parseMounts } from "../mounts.ts";
import type { Scene } from "../scene.ts";

const WORDS = {
  v1: "cgroup v1",
  v2: "cgroup v2",
  hybrid: "cgroup v1, with a v2 hierarchy without controllers beside it",
} as const;

const UNIFY = "boot with systemd.unified_cgroup_hierarchy=1 to have cgroup v2";

/** Where cgroups are mounted for this program, told when the setting points elsewhere. */
function elsewhere({ procRoot }: Scene): string {
  const mounts = parseMounts(textAt(`${procRoot}/self/mountinfo`));
  const found = mounts.filter(({ type }) => type === "cgroup" || type === "cgroup2");
  const places = [...new Set(found.map(({ directory }) => directory))].slice(0, 4);
  return places.length === 0
    ? "mount them, into a container with -v /sys/fs/cgroup:/sys/fs/cgroup:ro"
    : `they are mounted at ${places.join(", ")}: name that directory with --cgroup-root`;
}

/** Which cgroups this host has, and where they are. */
export const cgroupVersion: Check = {
  subject: "cgroup.version",
  find(scene): Finding[] {
    const { hierarchies, cgroupRoot } = scene;
    if (hierarchies === undefined) {
      return [
        {
          id: "cgroup.version",
          status: "bad",
          what: `there are no cgroups at ${cgroupRoot}`,
          affects: ["everything"],
          remedy: elsewhere(scene),
        },
      ];
    }
    const { mode, all } = hierarchies;
    return [
      mode === "v1"
        ? told("cgroup.version", "note", WORDS.v1, UNIFY)
        : told("cgroup.version", "ok", WORDS[mode]),
      told(
        "cgroup.mount",
        "ok",
        all
          .map(({ version, directory, controllers }) => {
            const names = [...controllers]
              .filter((name) => name !== "")
              .toSorted()
              .join(",");
            return `${directory} (v${version}${names === "" ? "" : `: ${names}`})`;
          })
          .join(", "),
      ),
    ];
  },
};
