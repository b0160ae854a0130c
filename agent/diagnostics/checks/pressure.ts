import { join } from "node:path";

import { pressureMetrics, pressureStats } from "../../../wire/metrics/pressure.ts";
import { subjectsOf } from "../explain.ts";
import type { Check, Finding } from "../finding.ts";
import { told } from "../finding.ts";
import { isThere, readHost } from "../host-files.ts";
import type { Scene } from "../scene.ts";

const AFFECTED = [
  "pressure",
  ...pressureStats.map(({ name }) => name),
  ...Object.values(pressureMetrics).flatMap(({ some, full }) => [
    some.family?.name ?? some.name,
    full.family?.name ?? full.name,
  ]),
];

function missing(what: string, remedy: string): Finding[] {
  return [{ id: "pressure", status: "missing", what, affects: AFFECTED, remedy }];
}

/** Whether any cgroup but the root shows its pressure. */
function isInCgroups(scene: Scene, directory: string): boolean | undefined {
  let looked = false;
  for (const { cgroup } of subjectsOf(scene)) {
    const own = join(directory, cgroup.id);
    if (cgroup.id === "/" || !isThere(own)) continue;
    looked = true;
    if (isThere(join(own, "cpu.pressure"))) return true;
  }
  return looked ? false : undefined;
}

/** Whether the kernel keeps account of waiting (PSI). https://docs.kernel.org/accounting/psi.html */
export const pressure: Check = {
  subject: "pressure",
  find(scene): Finding[] {
    const { procRoot, hierarchies } = scene;
    if (hierarchies === undefined) return [];
    const machine = readHost(`${procRoot}/pressure/cpu`);
    if ("error" in machine) {
      return machine.error === "ENOENT"
        ? missing(
            "PSI is off, or not built into this kernel",
            "add psi=1 to the kernel's command line; if that changes nothing take a kernel with CONFIG_PSI",
          )
        : missing(
            `PSI can't be read (${machine.error})`,
            "add psi=1 to the kernel's command line, and restart the machine",
          );
    }
    const unified = hierarchies.all.find(({ version }) => version === 2);
    if (unified === undefined) {
      return missing(
        "PSI is on, but without a v2 hierarchy no cgroup shows it",
        "mount cgroup v2 beside v1, or boot with systemd.unified_cgroup_hierarchy=1",
      );
    }
    if (isInCgroups(scene, unified.directory) === false) {
      return missing(
        "PSI is on for the machine, but not for its cgroups",
        "remove cgroup_disable=pressure from the kernel's command line, and let cgroup.pressure be 1",
      );
    }
    return [told("pressure", "ok", "PSI is on")];
  },
};
