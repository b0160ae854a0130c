import { engineIdOf } from "../../cgroup/engine-id.ts";
import { type Check, told } from "../finding.ts";

/** Which of the two ways of naming cgroups the paths of containers show. */
export const cgroupDriver: Check = {
  subject: "cgroup.driver",
  find({ sampling }) {
    const ids = [...(sampling?.sampled() ?? [])]
      .map(({ cgroup: { id } }) => id)
      .filter((id) => engineIdOf(id) !== undefined);
    const scopes = ids.filter((id) => id.endsWith(".scope")).length;
    const names = [
      ...(scopes > 0 ? [`systemd (${scopes} containers)`] : []),
      ...(ids.length > scopes ? [`cgroupfs (${ids.length - scopes} containers)`] : []),
    ];
    return [
      names.length === 0
        ? told("cgroup.driver", "note", "there is no container whose path would show the driver")
        : told("cgroup.driver", "ok", names.join(" and ")),
    ];
  },
};
