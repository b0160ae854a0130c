import { filesToKeep, parseDescriptorLimit } from "../../cgroup/descriptor-limit.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { textAt } from "../host-files.ts";

/** Whether all kernel files can stay open. */
export const descriptors: Check = {
  subject: "descriptors",
  find({ procRoot, sampling }): Finding[] {
    if (sampling === undefined) return [];
    const limit = parseDescriptorLimit(textAt(`${procRoot}/self/limits`));
    const { open } = sampling.host.files;
    const cgroups = [...sampling.sampled()].length;
    const most = filesToKeep(limit);
    const each = cgroups === 0 ? 0 : Math.ceil(open / cgroups);
    const facts = `${open} kernel files of ${cgroups} cgroups are open, ${most} may be (limit ${limit})`;
    if (open < most) return [told("descriptors", "ok", facts)];
    return [
      told(
        "descriptors",
        "note",
        `${facts}: the others are opened for each sample, which costs more`,
        `raise the limit: LimitNOFILE=, ulimit -n or docker run --ulimit nofile=, to ${2 * each} for each cgroup`,
      ),
    ];
  },
};
