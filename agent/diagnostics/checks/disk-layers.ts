import { accessSync, constants } from "node:fs";
import { join } from "node:path";

import { codeOf } from "../../../lib/errors.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";

function denialOf(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return codeOf(error) ?? "EIO";
  }
}

/** Whether the files of containers can be added up. */
export const diskLayers: Check = {
  subject: "disk.layers",
  find({ rootfs, stores }): Finding[] {
    const id = "disk.layers";
    return stores.flatMap((path): Finding[] => {
      const store = join(rootfs, path);
      const denial = denialOf(store);
      if (denial === undefined) return [told(id, "ok", `${store} can be read`)];
      // No such engine, or one that keeps its layers elsewhere.
      if (denial === "ENOENT") return [];
      return [
        {
          id,
          status: "missing",
          what: `${store} can't be read (${denial})`,
          affects: ["disk", "fs_usage_bytes"],
          remedy: "run as root, or with the capability CAP_DAC_READ_SEARCH",
        },
      ];
    });
  },
};
